//! Compares with onig, the regex library of `tokenizers`.

use std::fmt::Write;

use super::ascii::AsciiCutter;
use super::charset::{CharSet, MAX};
use super::patterns::{CL100K, CL100K_BASE, O200K, QWEN};
use super::*;
use crate::testing::Random;

const DEEPSEEK: &str = r"[!-/:-@\[-`\{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const MARKS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const PATTERNS: &[&str] = &[
    GPT2,
    CL100K,
    CL100K_BASE,
    QWEN,
    O200K,
    DEEPSEEK,
    MARKS,
    r"[0-9][0-9][0-9]",
    r"\p{N}{1,3}",
    r"[一-龥぀-ゟ゠-ヿ]+",
    r"\d+|\S+x|a{2,3}b*",
];

const SEAMS: &[&str] = &[
    " ",
    "  ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\u{b}",
    "\u{a0}",
    "\u{3000}",
    "a",
    "b",
    "S",
    "Tx",
    "hello",
    "WORLD",
    "McX",
    "é",
    "ß",
    "ǅ",
    "e\u{301}",
    "\u{301}",
    "中",
    "文字",
    "ก",
    "สวัสดี",
    "\u{e49}",
    "ー",
    "ᄒ",
    "Ω",
    "1",
    "23",
    "4567",
    "²",
    "Ⅷ",
    "٣",
    "'",
    "'s",
    "'S",
    "'ſ",
    "'re",
    "'LL",
    "'v",
    "''",
    ".",
    ",",
    "!?",
    "/",
    "//",
    "-",
    "_",
    "<|",
    "😀",
    "\u{200d}",
    "\u{fe0f}",
    "\0",
    "\u{7f}",
    "\u{180e}",
    "\u{85}",
    "\u{feff}",
    "\u{10ffff}",
    "$",
    "+",
];

/// The matches of onig, and the text between them.
fn onig_pieces<'t>(pattern: &onig::Regex, text: &'t str) -> Vec<&'t str> {
    let mut done = 0;
    let mut pieces = Vec::new();
    for (start, end) in pattern.find_iter(text).chain([(text.len(), text.len())]) {
        pieces.extend([&text[done..start], &text[start..end]]);
        done = end;
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn our_pieces<'t>(splitter: &Splitter, text: &'t str) -> Vec<&'t str> {
    let mut pieces = Vec::new();
    splitter.pieces(text.as_bytes(), &mut |_, mut start, ends| {
        for &end in ends {
            pieces.push(&text[start..end]);
            start = end;
        }
    });
    pieces
}

fn splitter(pattern: &str, with_blocks: bool) -> Splitter {
    let mut splitter = Splitter { stages: vec![split(pattern, true).unwrap()] };
    if let Stage::Split { ascii, .. } = &mut splitter.stages[0]
        && !with_blocks
    {
        *ascii = None;
    }
    splitter
}

#[test]
fn pieces_are_those_of_onig() {
    let mut random = Random(1);
    for pattern in PATTERNS {
        let onig = onig::Regex::new(pattern).unwrap();
        for with_blocks in [false, true] {
            let splitter = splitter(pattern, with_blocks);
            for _ in 0..4_000 {
                let n = random.below(60);
                let text: String = (0..n).map(|_| SEAMS[random.below(SEAMS.len())]).collect();
                assert_eq!(our_pieces(&splitter, &text), onig_pieces(&onig, &text), "{pattern} {text:?}");
            }
        }
    }
}

#[test]
fn every_character_is_cut_as_onig_cuts_it() {
    for pattern in PATTERNS {
        let (onig, splitter) = (onig::Regex::new(pattern).unwrap(), splitter(pattern, true));
        for block in 0..=MAX / 4096 {
            let mut text = String::new();
            for c in (block * 4096..(block + 1) * 4096).filter_map(char::from_u32) {
                write!(text, "a{c}B 1{c}'{c}\n!{c} {c}{c}\n").unwrap();
            }
            assert_eq!(our_pieces(&splitter, &text), onig_pieces(&onig, &text), "{pattern} {block:x}");
        }
    }
}

#[test]
fn ascii_blocks_are_cut_as_the_automaton_cuts() {
    let mut random = Random(2);
    let ascii: Vec<&str> = SEAMS.iter().copied().filter(|s| s.is_ascii()).collect();
    for pattern in [GPT2, CL100K, CL100K_BASE, QWEN, O200K] {
        if AsciiCutter::new(pattern).is_none() {
            return;
        }
        let (slow, fast) = (splitter(pattern, false), splitter(pattern, true));
        for i in 0..60_000 {
            // Few kinds of fragments at a time, so that long runs and rare seams both occur.
            let few: Vec<&str> = (0..2 + i % 9).map(|_| ascii[random.below(ascii.len())]).collect();
            let n = random.below(90);
            let text: String = (0..n).map(|_| few[random.below(few.len())]).collect();
            assert_eq!(our_pieces(&fast, &text), our_pieces(&slow, &text), "{pattern} {text:?}");
        }
    }
}

#[test]
fn unicode_agrees_with_onig() {
    let names = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn";
    let all: String = ('\0'..=char::MAX).collect();
    let matched_by = |pattern: &str| {
        let runs = onig::Regex::new(&format!("{pattern}+")).unwrap();
        let ends =
            |text: &str| (text.chars().next().unwrap() as u32, text.chars().next_back().unwrap() as u32);
        let mut set = CharSet::new(runs.find_iter(&all).map(|(start, end)| ends(&all[start..end])).collect());
        // Surrogates are no characters, and stand between two that are neighbours in `all`.
        if set.contains(0xd7ff) && set.contains(0xe000) {
            set = set.union(&CharSet::new(vec![(0xd800, 0xdfff)]));
        }
        set
    };
    if std::env::var_os("WRITE_UNICODE").is_some() {
        let sets: Vec<(&str, CharSet)> =
            names.split(' ').map(|name| (name, matched_by(&format!(r"\p{{{name}}}")))).collect();
        let mut runs: Vec<(u32, &str)> =
            sets.iter().flat_map(|(name, set)| set.ranges().iter().map(move |r| (r.0, *name))).collect();
        runs.sort_unstable();
        let mut text = String::new();
        let mut width = 0;
        for (start, name) in runs {
            let run = format!("{start:x}:{name}");
            let gap = if width == 0 {
                ""
            } else if width + run.len() > 118 {
                "\n"
            } else {
                " "
            };
            width = if gap == "\n" { run.len() } else { width + gap.len() + run.len() };
            write!(text, "{gap}{run}").unwrap();
        }
        std::fs::write(
            concat!(env!("CARGO_MANIFEST_DIR"), "/src/tokenizer/pretokenize/unicode.txt"),
            text + "\n",
        )
        .unwrap();
    }
    let characters = |set: CharSet| {
        set.ranges().iter().flat_map(|&(a, b)| a..=b).filter_map(char::from_u32).collect::<Vec<_>>()
    };
    for name in names.split(' ') {
        let ours = CharSet::category(name).unwrap_or_default();
        assert!(characters(ours) == characters(matched_by(&format!(r"\p{{{name}}}"))), "{name}");
    }
    assert_eq!(CharSet::space(), matched_by(r"\s"));
    for letter in ('a'..='z').chain('A'..='Z') {
        assert_eq!(CharSet::one(letter).fold_case(), matched_by(&format!("(?i:{letter})")), "{letter}");
    }
}

#[test]
fn unsupported_patterns_are_named() {
    for (pattern, says) in [
        (r"a*", "can match the empty text"),
        (r"(a", "`(` without `)`"),
        (r"a{1,99}", "`{1,99}`"),
        (r"\w+", r"`\w`"),
        (r"\p{Han}", r"`\p{Han}`"),
        (r"(?<=a)b", "`(?`"),
        (r"(?!ab)c", "a lookahead of several characters"),
        (r"[a-z&&[^b]]", "`&&`"),
        (r"^a", "`^`"),
        (r"a++", "followed by `+`"),
        (r"(a*)+", "a repetition of a part"),
        (r"[\s-z]", "a range"),
    ] {
        let why = split(pattern, true).err().unwrap_or_default();
        assert!(why.contains(says) && why.contains(pattern.split('\\').next().unwrap()), "{pattern}: {why}");
    }
}

#[test]
fn parts_of_a_pre_tokenizer_are_applied_in_order() {
    let cut = |json: &str, text: &str| {
        let splitter = Splitter::new(&serde_json::from_str(json).unwrap()).unwrap();
        let mut pieces = Vec::new();
        splitter.pieces(text.as_bytes(), &mut |text, mut start, ends| {
            for &end in ends {
                pieces.push(String::from_utf8_lossy(&text[start..end]).into_owned());
                start = end;
            }
        });
        pieces
    };
    let byte_level = r#"{"type":"ByteLevel","add_prefix_space":true,"use_regex":true}"#;
    assert_eq!(cut(byte_level, "ab cd"), [" ab", " cd"]);
    let digits = format!(
        r#"{{"type":"Sequence","pretokenizers":[{{"type":"Digits","individual_digits":true}},{byte_level}]}}"#
    );
    assert_eq!(cut(&digits, "a12 b"), [" a", " 1", " 2", " b"]);
    let removed = r#"{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"[a-z]+"},
        "behavior":"Removed","invert":true},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}"#;
    assert_eq!(cut(removed, "..ab--cd."), ["ab", "cd"]);
    assert_eq!(cut(removed, "..."), Vec::<String>::new());
    // After ByteLevel the two bytes of `²` are the characters `Â` and `²`, of which one is a digit.
    let digits_after = r#"{"type":"Sequence","pretokenizers":[{"type":"ByteLevel","add_prefix_space":false,
        "use_regex":false},{"type":"Digits","individual_digits":false}]}"#;
    assert_eq!(cut(digits_after, "a²12b").len(), 3);
    for (json, says) in [
        (r#"{"type":"Whitespace"}"#, "its pre-tokenizer is Whitespace"),
        ("null", "no pre-tokenizer"),
        (r#"{"type":"Digits","individual_digits":true}"#, "has no ByteLevel"),
        (
            r#"{"type":"Split","pattern":{"String":"a"},"behavior":"MergedWithNext","invert":false}"#,
            "MergedWithNext",
        ),
    ] {
        let why = Splitter::new(&serde_json::from_str(json).unwrap()).err().unwrap();
        assert!(why.contains(says), "{why}");
    }
}
