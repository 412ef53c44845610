//! Text cut into the pieces that a byte-level BPE model merges within, exactly as `tokenizers` cuts it.
//!
//! The parts of a `pre_tokenizer` become stages, each an automaton over the pieces of the one before. Nothing is
//! copied: a piece is a part of the text, unless a stage puts a space before it.

mod ascii;
mod automaton;
mod charset;
mod classes;
mod masks;
mod pattern;
pub(super) mod patterns;
#[cfg(test)]
mod tests;

use serde_json::Value;
use unicode_categories::UnicodeCategories;

use ascii::AsciiCutter;
use automaton::Automaton;
pub(crate) use charset::CharSet;
use pattern::{Node, parse};
use patterns::GPT2;

use super::byte_chars::byte_chars;

/// Pieces handed on together, at most: a block may bring as many as it has bytes.
const AT_ONCE: usize = 2 * masks::BLOCK;

/// Pieces handed on together where it matters how they were come to.
const FEW: usize = 8;

/// How text is cut.
pub(crate) struct Splitter {
    stages: Vec<Stage>,
}

enum Stage {
    /// Matches are pieces; so is what lies between them, where it is kept.
    Split { automaton: Automaton, ascii: Option<AsciiCutter>, keep_gaps: bool },
    /// A space is put before a piece that does not begin with one.
    PrefixSpace,
}

impl Splitter {
    /// The stages of a `pre_tokenizer` as `tokenizers` writes it; why there are none is the error.
    pub(crate) fn new(pre_tokenizer: &Value) -> Result<Self, String> {
        let mut stages = Vec::new();
        let mut is_bytes = false;
        add_stages(pre_tokenizer, &mut is_bytes, &mut stages)?;
        if is_bytes {
            Ok(Splitter { stages })
        } else {
            Err("no ByteLevel among its pre-tokenizers".to_string())
        }
    }

    /// Hands on the pieces of the text, in order: a text that holds some, where the first begins, and where each ends
    /// and the next begins. `text` is UTF-8.
    #[inline]
    pub(crate) fn pieces(&self, text: &[u8], take: &mut impl FnMut(&[u8], usize, &[usize])) {
        match &self.stages[..] {
            [Stage::Split { automaton, ascii: Some(ascii), .. }] => {
                let all = At { from: 0, group: AT_ONCE - masks::BLOCK };
                cut_blocks(automaton, ascii, text, all, &mut |text, start, ends, _| take(text, start, ends));
            }
            [Stage::Split { automaton, keep_gaps, .. }] => cut(automaton, text, *keep_gaps, take),
            stages => run(stages, text, take),
        }
    }

    /// Whether the pieces behind a place where one begins do not depend on how it was come to.
    pub(crate) fn can_resume(&self) -> bool {
        matches!(&self.stages[..], [Stage::Split { ascii: Some(_), .. }])
    }

    /// The same from a place on where a piece begins, a few pieces at a time, each time with the number of bytes from the
    /// text's start that were looked at so far; nothing where [`Splitter::can_resume`] is false.
    pub(crate) fn pieces_from(
        &self,
        text: &[u8],
        from: usize,
        take: &mut impl FnMut(&[u8], usize, &[usize], usize),
    ) {
        if let [Stage::Split { automaton, ascii: Some(ascii), .. }] = &self.stages[..] {
            cut_blocks(automaton, ascii, text, At { from, group: FEW }, take);
        }
    }
}

/// Where to begin, and after how many pieces to hand them on.
struct At {
    from: usize,
    group: usize,
}

fn run(stages: &[Stage], text: &[u8], take: &mut dyn FnMut(&[u8], usize, &[usize])) {
    match stages {
        _ if text.is_empty() => {}
        [] => take(text, 0, &[text.len()]),
        [Stage::PrefixSpace, rest @ ..] if !text.starts_with(b" ") => {
            run(rest, &[b" ", text].concat(), take);
        }
        [Stage::PrefixSpace, rest @ ..] => run(rest, text, take),
        [Stage::Split { automaton, keep_gaps, .. }, rest @ ..] => {
            cut(automaton, text, *keep_gaps, &mut |text, mut start, ends| {
                for &end in ends {
                    run(rest, &text[start..end], take);
                    start = end;
                }
            });
        }
    }
}

#[inline]
fn cut(automaton: &Automaton, text: &[u8], keep_gaps: bool, take: &mut impl FnMut(&[u8], usize, &[usize])) {
    let mut ends = [0; AT_ONCE];
    let (mut start, mut n, mut at) = (0, 0, 0);
    while at < text.len() {
        let (gap, mut end) = (at, automaton.match_end(text, at));
        while end.is_none() && at < text.len() {
            at += automaton.width(text, at);
            end = automaton.match_end(text, at);
        }
        if gap < at {
            if keep_gaps {
                ends[n] = at;
                n += 1;
            } else {
                take(text, start, &ends[..n]);
                (start, n) = (at, 0);
            }
        }
        if let Some(end) = end {
            ends[n] = end;
            n += 1;
            at = end;
        }
        if n + 2 > AT_ONCE {
            take(text, start, &ends[..n]);
            (start, n) = (at, 0);
        }
    }
    take(text, start, &ends[..n]);
}

/// The same for a pattern that leaves no gaps, block by block where the text is ASCII.
#[inline]
fn cut_blocks(
    automaton: &Automaton,
    ascii: &AsciiCutter,
    text: &[u8],
    At { from, group }: At,
    take: &mut impl FnMut(&[u8], usize, &[usize], usize),
) {
    let mut ends = [0; AT_ONCE];
    let (mut start, mut n, mut at, mut seen) = (from, 0, from, from);
    while at < text.len() {
        // The second byte too: the first may be a space before a word that is not ASCII.
        let is_ascii = text[at] < 0x80 && text.get(at + 1).is_none_or(|&b| b < 0x80);
        let mut bits = if is_ascii { ascii.ends(text, at) } else { 0 };
        // A block that is not full has looked at the text's end.
        let block_end = at + masks::BLOCK;
        seen = seen.max(if block_end <= text.len() { block_end } else { usize::MAX });
        if bits == 0 {
            let (end, looked) = automaton.look(text, at);
            seen = seen.max(looked);
            at = end.unwrap_or(text.len());
            ends[n] = at;
            n += 1;
        } else {
            let block = at;
            while bits != 0 {
                at = block + bits.trailing_zeros() as usize;
                ends[n] = at;
                n += 1;
                bits &= bits - 1;
            }
        }
        if n >= group {
            take(text, start, &ends[..n], seen);
            (start, n) = (at, 0);
        }
    }
    take(text, start, &ends[..n], seen);
}

fn add_stages(part: &Value, is_bytes: &mut bool, stages: &mut Vec<Stage>) -> Result<(), String> {
    let kind = part["type"].as_str().unwrap_or("no pre-tokenizer");
    // Behind `ByteLevel` the text is bytes, each written as a character.
    let made = match kind {
        "Sequence" => {
            for part in part["pretokenizers"].as_array().into_iter().flatten() {
                add_stages(part, is_bytes, stages)?;
            }
            return Ok(());
        }
        "ByteLevel" if !*is_bytes => {
            if part["add_prefix_space"] == true {
                stages.push(Stage::PrefixSpace);
            }
            if part["use_regex"] == true {
                stages.push(split(GPT2, true)?);
            }
            *is_bytes = true;
            return Ok(());
        }
        "Split" => {
            let keep_gaps = match (part["behavior"].as_str(), part["invert"].as_bool()) {
                (Some("Isolated"), _) => true,
                (Some("Removed"), Some(true)) => false,
                (behavior, _) => {
                    return Err(format!("Split with the behavior {}", behavior.unwrap_or_default()));
                }
            };
            match (part["pattern"]["Regex"].as_str(), part["pattern"]["String"].as_str()) {
                (Some(pattern), _) => split(pattern, keep_gaps)?,
                (_, Some(text)) if !text.is_empty() => {
                    let literal = text.chars().map(|c| Node::Set(CharSet::one(c))).collect();
                    Stage::Split {
                        automaton: Automaton::new(&Node::Concat(literal))?,
                        ascii: None,
                        keep_gaps,
                    }
                }
                _ => return Err("Split with a pattern of neither kind".to_string()),
            }
        }
        "Digits" => runs_of(char::is_numeric, part["individual_digits"] == true)?,
        "Punctuation" => match part["behavior"].as_str() {
            Some("Isolated") => runs_of(is_punctuation, true)?,
            Some("Contiguous") => runs_of(is_punctuation, false)?,
            behavior => {
                return Err(format!("Punctuation with the behavior {}", behavior.unwrap_or_default()));
            }
        },
        other => return Err(format!("the pre-tokenizer {other}")),
    };
    stages.push(match made {
        Stage::Split { automaton, keep_gaps, .. } if *is_bytes => {
            Stage::Split { automaton: automaton.over_bytes(&byte_chars()), ascii: None, keep_gaps }
        }
        stage => stage,
    });
    Ok(())
}

fn split(pattern: &str, keep_gaps: bool) -> Result<Stage, String> {
    let automaton = parse(pattern).and_then(|node| Automaton::new(&node));
    let automaton = automaton.map_err(|why| format!("the pattern {pattern:?}: {why}"))?;
    Ok(Stage::Split { automaton, ascii: AsciiCutter::new(pattern), keep_gaps })
}

/// Single characters, or whole runs of them.
fn runs_of(is: impl Fn(char) -> bool, single: bool) -> Result<Stage, String> {
    let set = Node::Set(CharSet::of(is));
    let node = if single { set } else { Node::Repeat(Box::new(set), 1, None) };
    Ok(Stage::Split { automaton: Automaton::new(&node)?, ascii: None, keep_gaps: true })
}

/// Punctuation as the pre-tokenizer of that name sees it.
fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() || UnicodeCategories::is_punctuation(c)
}
