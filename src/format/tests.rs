use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int64Array, LargeStringArray, NullArray, RecordBatch,
    StringArray,
};
use arrow::datatypes::Int32Type;

use super::testing::*;
use super::*;
use crate::error::Class;
use crate::flow::Map;
use crate::hash;
use crate::record::schema;
use crate::record::{Batch, Policy};
use crate::report::StepCounts;
use crate::testing::Random;

#[test]
fn puts_prompt_and_completion_first_and_takes_the_template_columns_out() {
    let stage = stage("{q}{#i}\n{i}{/i}", "{a}", FormatOptions::default());
    assert_eq!(stage.consumed, ["q", "i", "a"]);
    let rows = batch(&[
        ("id", &[Some("1"), Some("2")]),
        ("a", &[Some("yes, and quite long"), Some("no")]),
        ("q", &[Some("short?"), Some("a longer question than twelve bytes?")]),
        ("i", &[Some("input"), None]),
        ("lang", &[Some("en"), None]),
    ]);
    let (out, counts) = run(&stage, rows);
    assert_eq!(names(&out), ["prompt", "completion", "id", "lang"]);
    assert_eq!(texts(&out, "prompt"), ["short?\ninput\n##\n", "a longer question than twelve bytes?\n##\n"]);
    assert_eq!(texts(&out, "completion"), ["yes, and quite long\n###\n", "no\n###\n"]);
    assert_eq!(counts, StepCounts::default());
}

#[test]
fn columns_called_prompt_and_completion_are_replaced() {
    let columns: &[(&str, &[Option<&str>])] =
        &[("x", &[Some("y")]), ("completion", &[Some(" b")]), ("prompt", &[Some("a")])];
    let (out, _) = run(&stage("{prompt}", "{completion}", FormatOptions::default()), batch(columns));
    assert_eq!(names(&out), ["prompt", "completion", "x"]);
    assert_eq!(pairs(&out), [("a\n##\n".into(), " b\n###\n".into())]);
    let (again, _) = run(&stage("{prompt}", "{completion}", FormatOptions::default()), out);
    assert_eq!(pairs(&again), [("a\n##\n".into(), " b\n###\n".into())], "formatting twice changes nothing");
}

#[test]
fn takes_text_of_any_type_and_refuses_others() {
    let arrays: [ArrayRef; 4] = [
        Arc::new(StringArray::from(vec!["a"])),
        Arc::new(LargeStringArray::from(vec!["a"])),
        Arc::new(DictionaryArray::<Int32Type>::from_iter(["a"])),
        batch(&[("p", &[Some("a")])]).records.column(0).clone(),
    ];
    let completion: ArrayRef = Arc::new(StringArray::from(vec!["b"]));
    let stage = stage("{p}{#absent}{absent}{/absent}", "{c}", FormatOptions::default());
    let of = |p: ArrayRef| {
        let absent: ArrayRef = Arc::new(NullArray::new(1));
        of_records(
            RecordBatch::try_from_iter([("p", p), ("c", completion.clone()), ("absent", absent)]).unwrap(),
        )
    };
    for array in arrays {
        let (out, _) = run(&stage, of(array));
        assert_eq!(pairs(&out), [("a\n##\n".into(), "b\n###\n".into())]);
    }
    let e = stage.map(of(Arc::new(Int64Array::from(vec![1]))), &mut StepCounts::default()).unwrap_err();
    assert_eq!((e.class(), e.code(), e.get_column()), (Class::Column, "wrong_type", Some("p")));
}

#[test]
fn removes_rows_by_reason() {
    let rows = batch(&[
        (
            "p",
            &[
                Some("ok"),
                None,
                Some(" \u{3000}\n"),
                Some("x"),
                Some("x\n##"),
                Some("x"),
                Some("\n##\n"),
                Some("x"),
            ],
        ),
        ("c", &[Some("ok"), Some("x"), Some("x"), Some("\t"), Some("x"), Some("a\n###\nb"), Some("x"), None]),
    ]);
    let (out, counts) = run(&stage("{p}", "{c}", FormatOptions::default()), rows);
    assert_eq!(pairs(&out), [("ok\n##\n".into(), "ok\n###\n".into())]);
    assert_eq!(out.places.at(0).row, 0);
    assert_eq!(
        rejects(&out),
        [
            ("missing_field", 1, "column `p` is absent or null"),
            ("empty_prompt", 2, "the prompt is blank"),
            ("empty_completion", 3, "the completion is blank"),
            (
                "separator_collision",
                4,
                "separator \"\\n##\\n\" at byte 1 of the row, across the seam prompt|separator"
            ),
            ("stop_collision", 5, "stop \"\\n###\\n\" at byte 6 of the row, in the completion"),
            ("empty_prompt", 6, "the prompt is blank"),
            ("missing_field", 7, "column `c` is absent or null"),
        ]
    );
    assert_eq!(counts.removed["missing_field"].count, 2);
    assert_eq!(out.rejects[3].record, r#"{"p":"x\n##","c":"x"}"#, "the record is as it came");
}

#[test]
fn a_batch_without_a_column_lacks_it_in_every_row() {
    let rows = || batch(&[("c", &[Some("a"), Some("b")])]);
    let (out, counts) = run(&stage("{p}", "{c}", FormatOptions::default()), rows());
    assert_eq!((out.rows(), counts.removed["missing_field"].count), (0, 2));
    assert_eq!(names(&out), ["prompt", "completion"]);
    let (out, _) = run(&stage("{#p}{p}{/p}{^p}-{/p}", "{c}", FormatOptions::default()), rows());
    assert_eq!(texts(&out, "prompt"), ["-\n##\n", "-\n##\n"]);
}

#[test]
fn an_open_ended_prompt_may_be_empty() {
    let (out, _) = run(&stage("", "{c}", FormatOptions::default()), batch(&[("c", &[Some("a")])]));
    assert_eq!(pairs(&out), [("\n##\n".into(), "a\n###\n".into())]);
    let (out, counts) =
        run(&stage("{#p}{p}{/p}", "{c}", FormatOptions::default()), batch(&[("c", &[Some("a")])]));
    assert_eq!((out.rows(), counts.removed["empty_prompt"].count), (0, 1));
}

#[test]
fn collisions_follow_their_policy() {
    let rows = || {
        batch(&[
            ("p", &[Some("a"), Some("x\n##"), None, Some("b"), Some("y\n##\ny")]),
            ("c", &[Some("1"), Some("2"), Some("3"), Some(""), Some("5")]),
        ])
    };
    let (out, counts) = run(&stage("{p}", "{c}", on_collision(OnCollision::Remove(Policy::Drop))), rows());
    assert_eq!(pairs(&out), [("a\n##\n".into(), "1\n###\n".into())]);
    assert_eq!(rejects(&out).iter().map(|r| r.1).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(
        (counts.removed["separator_collision"].count, counts.removed["separator_collision"].first.row),
        (2, 1)
    );
    let raise = stage("{p}", "{c}", on_collision(OnCollision::Remove(Policy::Raise)));
    let e = raise.map(rows(), &mut StepCounts::default()).unwrap_err();
    assert_eq!((e.class(), e.code(), e.get_row()), (Class::Data, "separator_collision", Some(1)));
}

#[test]
fn insert_space_breaks_matches_in_columns() {
    for (prompt, completion, expected) in [
        ("x\n##", "y", Some(("x\n## \n##\n", "y\n###\n"))),
        ("x", "##\ny", Some(("x\n##\n", " ##\ny\n###\n"))),
        ("x", "y\n##", Some(("x\n##\n", "y\n## \n###\n"))),
        ("a\n##\nb", "a\n###\nb", Some(("a\n ##\nb\n##\n", "a\n ###\nb\n###\n"))),
        ("a\n##\n##\nb\n##\n", "y", Some(("a\n ##\n ##\nb\n##\n", "y\n###\n"))),
        ("x", "y", Some(("x\n##\n", "y\n###\n"))),
    ] {
        let rows = batch(&[("p", &[Some(prompt)]), ("c", &[Some(completion)])]);
        let (out, counts) = run(&stage("{p}", "{c}", on_collision(OnCollision::InsertSpace)), rows);
        let expected: Vec<_> = expected.iter().map(|(p, c)| (p.to_string(), c.to_string())).collect();
        assert_eq!(pairs(&out), expected, "{prompt:?} {completion:?}");
        let fixed = u64::from((prompt, completion) != ("x", "y"));
        assert_eq!(counts.finding_count("fixed:insert_space"), fixed);
    }
    // One character cannot be broken.
    let format = PromptFormat::new("{p}", "{c}", "#", "!", None).unwrap();
    let stage = FormatStage::new(format, on_collision(OnCollision::InsertSpace)).unwrap();
    let (out, counts) = run(&stage, batch(&[("p", &[Some("a#b")]), ("c", &[Some("y")])]));
    assert_eq!(
        rejects(&out),
        [(
            "separator_collision",
            0,
            "separator \"#\" at byte 1 of the row, in the prompt; insert_space does not help"
        )]
    );
    assert!(counts.findings.is_empty());
}

/// Where a needle occurs, by trying every offset.
fn occurrences(text: &str, needle: &str) -> Vec<usize> {
    (0..text.len()).filter(|&at| text.as_bytes()[at..].starts_with(needle.as_bytes())).collect()
}

/// Who wrote each byte of a row: bit 0 is the separator with the literal before it, bit 1 the stop, the next bits are
/// the literals of the prompt. A byte of data has none.
fn writers(
    row: &str,
    prompt: usize,
    literals: &[(usize, &str)],
    tail: &str,
    marks: [&str; 2],
    data_ends: bool,
) -> Vec<u32> {
    let mut writers = vec![0; row.len()];
    let mut write = |at: usize, len: usize, bit: u32| {
        writers[at..at + len].iter_mut().for_each(|byte| *byte |= 1 << bit);
    };
    for (i, (at, text)) in literals.iter().enumerate() {
        write(*at, text.len(), 2 + i as u32);
    }
    let before = if data_ends { 0 } else { tail.len() };
    write(prompt - marks[0].len() - before, marks[0].len() + before, 0);
    write(row.len() - marks[1].len(), marks[1].len(), 1);
    writers
}

#[test]
fn every_mark_is_one_that_the_format_wrote() {
    let mut random = Random(5);
    let (mut kept, mut removed, mut several, mut refused) = (0, 0, 0, 0);
    for case in 0..6000 {
        let (separator, stop) = (random.text("#\nx", 1, 4), random.text("#\nx", 1, 4));
        let (a, b) = (random.text("#\nx", 0, 4), random.text("#\nx", 0, 4));
        let (prompt, completion) = match case % 3 {
            0 => (format!("{a}{{p}}{b}"), "{c}"),
            1 => (format!("{{p}}{a}{{d}}{b}{separator}"), "{c}{d}"),
            _ => (format!("{{p}}{{#d}}{a}{{d}}{b}{{/d}}"), "é{c}"),
        };
        let Ok(format) = PromptFormat::new(&prompt, completion, &separator, &stop, None) else {
            refused += 1;
            continue;
        };
        let column =
            |random: &mut Random| -> Vec<String> { (0..4).map(|_| random.text("#\nx", 0, 5)).collect() };
        let columns = [column(&mut random), column(&mut random), column(&mut random)];
        let [p, c, d] = columns.each_ref().map(|c| c.iter().map(|v| Some(v.as_str())).collect::<Vec<_>>());
        let stage = FormatStage::new(format.clone(), FormatOptions::default()).unwrap();
        let (out, _) = run(&stage, batch(&[("p", &p), ("c", &c), ("d", &d)]));
        let [p, c, d] = &columns;
        for (i, ((p, c), d)) in p.iter().zip(c).zip(d).enumerate() {
            let [p, c, d] = [p, c, d].map(String::as_str);
            let column = |name: &str| Some([p, c, d][["p", "c", "d"].iter().position(|n| *n == name)?]);
            let Rendered { prompt, completion } = format.render(&column).unwrap();
            let row = format!("{prompt}{completion}");
            let b = if case % 3 == 0 { b.strip_suffix(&*separator).unwrap_or(&b) } else { &b };
            let (tail, literals) = match case % 3 {
                0 => (b, vec![(0, a.as_str()), (a.len() + p.len(), b)]),
                1 => (b, vec![(p.len(), a.as_str()), (p.len() + a.len() + d.len(), b)]),
                _ if d.is_empty() => ("", vec![]),
                _ => ("", vec![(p.len(), a.as_str()), (p.len() + a.len() + d.len(), b)]),
            };
            let body: usize = literals.last().map_or(p.len(), |(at, text)| at + text.len());
            let data_ends = prompt.len() == body;
            let writers = writers(&row, prompt.len(), &literals, tail, [&separator, &stop], data_ends);
            let mut found = 0;
            let mut proven = true;
            for mark in [&separator, &stop] {
                for at in occurrences(&row, mark) {
                    found += 1;
                    proven &= writers[at..at + mark.len()].iter().fold(u32::MAX, |all, byte| all & byte) != 0;
                }
            }
            let blank = prompt[..prompt.len() - separator.len()].trim().is_empty()
                || completion[..completion.len() - stop.len()].trim().is_empty();
            let stays = out.places.rows.iter().any(|place| place.row == i as u64);
            assert_eq!(stays, proven && !blank, "{format:?} {row:?}");
            kept += u32::from(stays);
            removed += u32::from(!proven);
            several += u32::from(stays && found > 2);
        }
    }
    assert!(
        kept > 2000 && removed > 2000 && several > 300 && refused > 300,
        "{kept} {removed} {several} {refused}"
    );
}

#[test]
fn random_rows_are_proven_whatever_the_policy_and_the_cut() {
    let mut random = Random(11);
    let (mut fixed, mut kept, mut removed) = (0, 0, 0);
    for case in 0..1500 {
        let (separator, stop) = (random.text("#\nx", 1, 4), random.text("#\nx", 1, 4));
        let templates = [("{p}", "{c}"), ("x{p}#", "{c}{d}"), ("{#d}{d}é{/d}{p}", "\n{c}")];
        let (prompt, completion) = templates[case % templates.len()];
        let Ok(format) = PromptFormat::new(prompt, completion, &separator, &stop, None) else { continue };
        if !format.marks_are_unique() {
            continue;
        }
        let column =
            |random: &mut Random| -> Vec<String> { (0..5).map(|_| random.text("#\nx", 0, 6)).collect() };
        let columns = [column(&mut random), column(&mut random), column(&mut random)];
        let [p, c, d] = columns.each_ref().map(|c| c.iter().map(|v| Some(v.as_str())).collect::<Vec<_>>());
        let rows = || batch(&[("p", &p), ("c", &c), ("d", &d)]);

        for policy in [OnCollision::Remove(Policy::Reject), OnCollision::InsertSpace] {
            let mut stage = FormatStage::new(format.clone(), on_collision(policy)).unwrap();
            let (out, counts) = run(&stage, rows());
            for (i, (prompt, completion)) in pairs(&out).into_iter().enumerate() {
                let row = format!("{prompt}{completion}");
                assert_eq!(occurrences(&row, &separator), [prompt.len() - separator.len()], "{row:?}");
                assert_eq!(occurrences(&row, &stop), [row.len() - stop.len()], "{row:?}");
                let at = out.places.at(i).row as usize;
                let column =
                    |name: &str| Some(columns[["p", "c", "d"].iter().position(|n| *n == name)?][at].as_str());
                let plain = format.render(&column).unwrap();
                assert_eq!(row.replace(' ', ""), plain.prompt + &plain.completion, "only spaces were added");
                kept += 1;
            }
            fixed += counts.finding_count("fixed:insert_space");
            removed += counts.removed_rows();

            // One row a batch, and one row a page, give the same.
            let mut alone = vec![];
            for i in 0..5 {
                let mut one = rows();
                one.records = one.records.slice(i, 1);
                one.places.rows = vec![one.places.rows[i]];
                alone.extend(pairs(&run(&stage, one).0));
            }
            assert_eq!(alone, pairs(&out));
            stage.formatter.page_bytes = 64;
            let (paged, paged_counts) = run(&stage, rows());
            assert_eq!((pairs(&paged), rejects(&paged), paged_counts), (pairs(&out), rejects(&out), counts));
        }
    }
    assert!(fixed > 100 && kept > 1000 && removed > 1000, "{fixed} {kept} {removed}");
}

#[test]
fn a_row_longer_than_a_buffer_is_an_error() {
    let mut stage = stage("{p}", "{c}", FormatOptions::default());
    stage.formatter.page_bytes = 16;
    let rows = batch(&[("p", &[Some("a"), Some("more than sixteen bytes")]), ("c", &[Some("x"), Some("y")])]);
    let e = stage.map(rows, &mut StepCounts::default()).unwrap_err();
    assert_eq!((e.class(), e.code(), e.get_row()), (Class::Data, "row_too_large", Some(1)));
}

#[test]
fn the_prompt_key_is_over_what_the_prompt_says_beside_the_template() {
    let options = FormatOptions { prompt_key: true, ..FormatOptions::default() };
    let rows = batch(&[
        ("a", &[Some("1"), Some("x"), Some("x"), Some(""), Some("- y")]),
        ("b", &[Some("2"), Some(""), None, None, Some("- z")]),
        ("c", &[Some("3"), Some("4"), Some("5"), Some("6"), Some("7")]),
    ]);
    let (out, _) = run(&stage("Q{b}-{a}", "{c}", options.clone()), rows.clone());
    assert_eq!(out.rows(), 3, "a null is missing outside an optional part");
    let stage = stage("Q{#b}{b}-{/b}{a}", "A: {c}", options);
    let (out, _) = run(&stage, rows.clone());
    let keys = |batch: &Batch| {
        let keys = batch.records.column_by_name(schema::PROMPT_KEY).unwrap().as_fixed_size_binary().clone();
        (0..keys.len()).map(|i| keys.value(i).to_vec()).collect::<Vec<_>>()
    };
    let found = keys(&out);
    let key = |fields: &[&str]| {
        hash::key(fields.iter().map(|f| hash::field(Some(f.as_bytes())))).to_be_bytes().to_vec()
    };
    assert_eq!(found[0], key(&["2", "1"]));
    assert_eq!(found[1], key(&["x"]));
    assert_eq!(found[1], found[2], "absent and empty render the same");
    assert_eq!(found[3], key(&["6"]), "no prompt: the completion's columns");
    assert_eq!(found[4], key(&[" z-- y"]), "a literal is found as far left as it can be");
    assert_eq!(names(&out), ["prompt", "completion", schema::PROMPT_KEY]);
    let before = PromptKeyStage::new(stage).map(rows, &mut StepCounts::default()).unwrap();
    assert_eq!(keys(&before), found);
    assert_eq!(names(&before), ["a", "b", "c", schema::PROMPT_KEY]);
}

#[test]
fn an_empty_batch_keeps_its_columns() {
    let (out, _) =
        run(&stage("{p}", "{c}", FormatOptions::default()), batch(&[("p", &[]), ("c", &[]), ("x", &[])]));
    assert_eq!((out.rows(), names(&out)), (0, vec!["prompt".into(), "completion".into(), "x".into()]));
}
