use arrow::array::{Array, AsArray};

use super::super::testing::*;
use super::super::{FormatOptions, FormatStage, OnCollision, PromptFormat};
use super::*;
use crate::flow::Map;
use crate::record::{Policy, schema};
use crate::report::StepCounts;
use crate::testing::Random;

fn special(patterns: &[&str], policy: SpecialPolicy) -> FormatOptions {
    let added: Vec<_> = (0..).zip(patterns.iter().map(|p| AddedToken::from(*p, true))).collect();
    let tokens = Arc::new(ControlTokens::new(&added, &[]).unwrap());
    FormatOptions { special_tokens: Some(SpecialTokens { tokens, policy }), ..FormatOptions::default() }
}

const EOT: &str = "<|end|>";

#[test]
fn control_tokens_in_text_are_found_and_follow_their_policy() {
    let rows = || {
        batch(&[
            ("p", &[Some("a<|end|>b<|end|>"), Some("x"), Some("x")]),
            ("c", &[Some("y"), Some("y"), Some("é<|user|>")]),
        ])
    };
    let run_with =
        |policy| run(&stage("<|user|>{p}", "{c}", special(&[EOT, "<|user|>", ""], policy)), rows());
    let found = |counts: &StepCounts| {
        let f = counts.findings.iter().map(|(name, f)| (name.to_string(), f.count, f.first.row));
        assert_eq!(
            f.collect::<Vec<_>>(),
            [
                ("special_token_in_text:<|end|>".to_string(), 2, 0),
                ("special_token_in_text:<|user|>".to_string(), 1, 2),
            ]
        );
    };
    let (out, counts) = run_with(SpecialPolicy::Remove(Policy::Reject));
    found(&counts);
    assert_eq!(texts(&out, "prompt"), ["<|user|>x\n##\n"]);
    assert_eq!(
        rejects(&out),
        [
            ("special_token_in_text", 0, "control token \"<|end|>\" in column `p` at byte 1"),
            ("special_token_in_text", 2, "control token \"<|user|>\" in column `c` at byte 2"),
        ]
    );
    let (out, counts) = run_with(SpecialPolicy::Remove(Policy::Drop));
    found(&counts);
    assert_eq!((out.rows(), out.rejects.len()), (1, 0));
    let (out, counts) = run_with(SpecialPolicy::Strip);
    found(&counts);
    assert_eq!(texts(&out, "prompt"), ["<|user|>ab\n##\n", "<|user|>x\n##\n", "<|user|>x\n##\n"]);
    assert_eq!(texts(&out, "completion"), ["y\n###\n", "y\n###\n", "é\n###\n"]);
    let (out, counts) = run_with(SpecialPolicy::AsToken);
    found(&counts);
    assert_eq!(texts(&out, "prompt")[0], "<|user|>a<|end|>b<|end|>\n##\n");
    assert!(!names(&out).contains(&schema::AS_TEXT.to_string()));
    let (out, counts) = run_with(SpecialPolicy::AsText);
    found(&counts);
    let spans = out.records.column_by_name(schema::AS_TEXT).unwrap().as_binary::<i32>();
    let bytes = |spans: &[u32]| spans.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>();
    assert_eq!(spans.value(0), bytes(&[9, 16, 17, 24]));
    assert!(spans.is_null(1));
    assert_eq!(spans.value(2), bytes(&[15, 23]));
    let raise = stage("{p}", "{c}", special(&[EOT], SpecialPolicy::Remove(Policy::Raise)));
    let e = raise.map(rows(), &mut StepCounts::default()).unwrap_err();
    assert_eq!((e.code(), e.get_row(), e.get_column()), ("special_token_in_text", Some(0), Some("p")));
}

#[test]
fn a_trailing_stop_that_is_a_control_token_is_the_stop() {
    let format = PromptFormat::new("{p}", "{c}", "<|sep|>", EOT, None).unwrap();
    let options = special(&["<|sep|>", EOT], SpecialPolicy::Remove(Policy::Reject));
    let (out, counts) = run(
        &FormatStage::new(format, options).unwrap(),
        batch(&[
            ("p", &[Some("a<|sep|>"), Some("a"), Some("a")]),
            ("c", &[Some("b<|end|>"), Some("<|end|>b<|end|>"), Some("b<|end|><|end|>")]),
        ]),
    );
    assert_eq!(pairs(&out), [("a<|sep|>".into(), "b<|end|>".into())]);
    assert_eq!(counts.removed["special_token_in_text"].count, 2);
    assert_eq!(counts.finding_count("special_token_in_text:<|end|>"), 2);
}

#[test]
fn control_tokens_across_borders() {
    // A column completes what the template began, or another column did: the tokenizer would see a token.
    for template in ["<|e{p}", "{q}nd|>", "{q}{r}"] {
        let columns: &[(&str, &[Option<&str>])] =
            &[("p", &[Some("nd|>!")]), ("q", &[Some("!<|e")]), ("r", &[Some("nd|>")]), ("c", &[Some("x")])];
        for policy in [SpecialPolicy::Remove(Policy::Reject), SpecialPolicy::Strip] {
            let (out, _) = run(&stage(template, "{c}", special(&[EOT], policy)), batch(columns));
            assert_eq!((out.rows(), out.rejects[0].code), (0, "special_token_in_text"), "{template}");
            assert_eq!(
                out.rejects[0].detail.ends_with("strip does not help"),
                policy == SpecialPolicy::Strip
            );
        }
    }
    // Prompt and completion are encoded apart, so across their border there is none.
    let format = PromptFormat::new("{p}", "{c}", "<|", STOP, None).unwrap();
    let stage = FormatStage::new(format, special(&[EOT], SpecialPolicy::Remove(Policy::Reject))).unwrap();
    assert_eq!(run(&stage, batch(&[("p", &[Some("a")]), ("c", &[Some("end|>")])])).0.rows(), 1);
}

#[test]
fn strip_leaves_none_and_rows_that_become_blank_are_removed() {
    let nested = |n: usize| format!("{}x{}", "<|e".repeat(n), "nd|>".repeat(n)).replace('x', "");
    let (three, many) = (nested(3), nested(40));
    let rows = batch(&[
        ("p", &[Some(EOT), Some("a"), Some("a"), Some("a")]),
        ("c", &[Some("b"), Some(three.as_str()), Some("x<|e<|end|>nd|>y"), Some(many.as_str())]),
    ]);
    let (out, _) = run(&stage("{p}", "{c}", special(&[EOT], SpecialPolicy::Strip)), rows);
    assert_eq!(pairs(&out), [("a\n##\n".into(), "xy\n###\n".into())]);
    let codes: Vec<_> = rejects(&out).into_iter().map(|(code, row, _)| (code, row)).collect();
    assert_eq!(codes, [("empty_prompt", 0), ("empty_completion", 1), ("special_token_in_text", 3)]);
}

#[test]
fn a_collision_that_strip_makes_is_fixed_too() {
    let options =
        FormatOptions { on_collision: OnCollision::InsertSpace, ..special(&[EOT], SpecialPolicy::Strip) };
    let rows = batch(&[("p", &[Some("a\n#<|end|>#\nb"), Some("x")]), ("c", &[Some("y"), Some("<|end|>y")])]);
    let (out, counts) = run(&stage("{p}", "{c}", options), rows);
    assert_eq!(texts(&out, "prompt"), ["a\n ##\nb\n##\n", "x\n##\n"]);
    assert_eq!(texts(&out, "completion"), ["y\n###\n", "y\n###\n"]);
    assert_eq!(counts.finding_count("fixed:insert_space"), 1);
}

#[test]
fn spans_of_control_tokens_follow_inserted_spaces() {
    let options =
        FormatOptions { on_collision: OnCollision::InsertSpace, ..special(&[EOT], SpecialPolicy::AsText) };
    let rows = batch(&[("p", &[Some("\n##\n<|end|>")]), ("c", &[Some("<|end|>")])]);
    let (out, counts) = run(&stage("{p}", "{c}", options), rows);
    let row = format!("{}{}", texts(&out, "prompt")[0], texts(&out, "completion")[0]);
    assert_eq!(row, "\n ##\n<|end|>\n##\n<|end|>\n###\n");
    let spans = out.records.column_by_name(schema::AS_TEXT).unwrap().as_binary::<i32>();
    let expected: Vec<u8> = [5u32, 12, 16, 23].iter().flat_map(|n| n.to_le_bytes()).collect();
    assert_eq!(spans.value(0), expected);
    assert_eq!(
        counts.finding_count("special_token_in_text:<|end|>"),
        2,
        "counted once, not again when repaired"
    );
}

/// The longest pattern at the leftmost place, again and again, by trying every offset.
fn leftmost_longest(text: &str, patterns: &[&str]) -> Vec<(usize, usize)> {
    let (mut at, mut found) = (0, vec![]);
    while at < text.len() {
        let matches = patterns.iter().filter(|p| text.as_bytes()[at..].starts_with(p.as_bytes()));
        match matches.map(|p| p.len()).max() {
            Some(len) => {
                found.push((at, at + len));
                at += len;
            }
            None => at += 1,
        }
    }
    found
}

#[test]
fn random_control_tokens_are_found_as_a_tokenizer_would() {
    let mut random = Random(5);
    let mut found = 0;
    for _ in 0..1500 {
        let patterns: Vec<String> = (0..1 + random.below(4)).map(|_| random.text("<|e", 1, 4)).collect();
        let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
        let column =
            |random: &mut Random| -> Vec<String> { (0..4).map(|_| random.text("<|ex", 1, 6)).collect() };
        let columns = [column(&mut random), column(&mut random)];
        let [p, c] = columns.each_ref().map(|c| c.iter().map(|v| Some(v.as_str())).collect::<Vec<_>>());
        let format = PromptFormat::new("<{p}|", "{c}e", "=<", "e=", None).unwrap();
        let stage = FormatStage::new(format, special(&patterns, SpecialPolicy::AsText)).unwrap();
        let (out, _) = run(&stage, batch(&[("p", &p), ("c", &c)]));
        let spans = out.records.column_by_name(schema::AS_TEXT).unwrap().as_binary::<i32>();
        for (i, (prompt, completion)) in pairs(&out).iter().enumerate() {
            let row = out.places.at(i).row as usize;
            // The bytes of the two columns within the row.
            let fields =
                [(1, 1 + columns[0][row].len()), (prompt.len(), prompt.len() + columns[1][row].len())];
            let hits = leftmost_longest(prompt, &patterns).into_iter().chain(
                leftmost_longest(completion, &patterns)
                    .into_iter()
                    .map(|(a, b)| (a + prompt.len(), b + prompt.len())),
            );
            let expected: Vec<u8> = hits
                .filter(|(a, b)| fields.iter().any(|(start, end)| a < end && start < b))
                .flat_map(|(a, b)| [a as u32, b as u32])
                .flat_map(u32::to_le_bytes)
                .collect();
            let ours = if spans.is_null(i) { &[] } else { spans.value(i) };
            assert_eq!(ours, expected, "{prompt:?} {completion:?} {patterns:?}");
            found += expected.len() / 8;
        }
    }
    assert!(found > 5000, "{found}");
}

/// Each turn is searched on its own: a token over a seam is none for a tokenizer that encodes the turns apart.
#[test]
fn every_turn_of_a_longer_row_is_searched() {
    let added: Vec<_> = (0..).zip([EOT].map(|p| AddedToken::from(p, true))).collect();
    let scanner = Scanner::new(&Arc::new(ControlTokens::new(&added, &[]).unwrap())).unwrap();
    let turns =
        [["a", "##"], ["<|end|>", "!"], ["b<|", "end|>"], ["<|", ""], ["end|>", "<|end|>"], ["c", "<|end|>"]];
    let page = page_of(&turns);
    let text = str::from_utf8(page.text()).unwrap();
    let hits: Vec<_> = scanner.scan(&page).into_iter().map(|hit| (hit.index, hit.span)).collect();
    let starts: Vec<usize> = text.match_indices(EOT).map(|(at, _)| at).collect();
    // The third is over a seam, and the format wrote the last two.
    assert_eq!(starts.len(), 5);
    assert_eq!(hits, [(0, starts[0]..starts[0] + 7), (0, starts[1]..starts[1] + 7)]);
}
