use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, LargeStringArray, RecordBatch, StringArray, StringViewArray,
};
use arrow::datatypes::{Field, Int32Type, Schema, UInt8Type};

use super::super::encode_row::{PartText, verify_ids};
use super::super::{End, OnOverflow, TokenizeOptions, TokenizeStage};
use crate::error::{Class, Result};
use crate::flow::Map;
use crate::record::finding::Finding;
use crate::record::{Batch, Places, schema};
use crate::report::StepCounts;
use crate::tokenizer::{LoadedTokenizer, fixtures};

const ROWS: &[(&str, &str)] = &[
    ("Name a colour\n##\n", "Blue.\n###\n"),
    ("say why you like it\n##\n", "the sea and the sky\n###\n"),
    ("\n##\n", " x\n###\n"),
    ("Café", " crème 語\n###\n"),
];

fn batch_of(first: u64, rows: &[(&str, &str)]) -> Batch {
    let column = |texts: Vec<&str>| -> ArrayRef { Arc::new(StringViewArray::from(texts)) };
    let records = RecordBatch::try_from_iter([
        (schema::PROMPT, column(rows.iter().map(|r| r.0).collect())),
        (schema::COMPLETION, column(rows.iter().map(|r| r.1).collect())),
    ]);
    let places = Places::numbered(0, first, rows.len());
    Batch::new(records.unwrap(), places)
}

fn run(tokenizer: &LoadedTokenizer, options: &TokenizeOptions, batch: Batch) -> Result<(Batch, StepCounts)> {
    let mut counts = StepCounts::default();
    let batch = TokenizeStage::new(tokenizer, options.clone())?.map(batch, &mut counts)?;
    Ok((batch, counts))
}

fn numbers(batch: &Batch, name: &str, i: usize) -> Vec<i32> {
    batch.column(name).unwrap().as_list::<i32>().value(i).as_primitive::<Int32Type>().values().to_vec()
}

fn kinds(batch: &Batch, i: usize) -> Vec<u8> {
    let column = batch.column(schema::SEGMENT_KINDS).unwrap();
    column.as_list::<i32>().value(i).as_primitive::<UInt8Type>().values().to_vec()
}

/// Checks what must hold for every row; returns the number of trained tokens.
fn check_row(batch: &Batch, i: usize) -> usize {
    let (ids, labels) = (numbers(batch, schema::INPUT_IDS, i), numbers(batch, schema::LABELS, i));
    let (lengths, kinds) = (numbers(batch, schema::SEGMENT_LENGTHS, i), kinds(batch, i));
    assert_eq!(labels.len(), ids.len());
    assert_eq!(labels[0], schema::IGNORE);
    let mut position = 0;
    for (&length, &kind) in lengths.iter().zip(&kinds) {
        for _ in 0..length {
            assert_eq!(labels[position], if kind == 2 { ids[position] } else { schema::IGNORE });
            position += 1;
        }
    }
    assert_eq!(position, ids.len());
    labels[1..].iter().filter(|&&l| l != schema::IGNORE).count()
}

#[test]
fn rows_are_prompt_then_completion() {
    let mut tokenizers: Vec<(String, LoadedTokenizer, bool)> =
        fixtures::all().into_iter().map(|(n, t, w)| (n.to_string(), t, w)).collect();
    for (name, tokenizer) in fixtures::real() {
        let whole = !["t5-small", "bert-base-uncased"].contains(&name.as_str());
        tokenizers.push((name, tokenizer, whole));
    }
    for (name, tokenizer, lossless) in &tokenizers {
        let eos_id = tokenizer.eos_id;
        let end = eos_id.map_or(End::NoEos, End::Eos);
        let options = TokenizeOptions { end, stop: Some("\n###\n".into()), ..Default::default() };
        let (batch, counts) = run(tokenizer, &options, batch_of(0, ROWS)).unwrap();
        assert_eq!(batch.rows(), ROWS.len());
        let mut trained = 0;
        for (i, (prompt, completion)) in ROWS.iter().enumerate() {
            trained += check_row(&batch, i);
            let ids = numbers(&batch, schema::INPUT_IDS, i);
            let mut start = tokenizer.prefix_ids.clone();
            tokenizer.encoder().session().encode_prompt(prompt, &mut start).unwrap();
            assert!(ids.starts_with(&start), "{name}");
            if !start.is_empty() {
                assert_eq!(numbers(&batch, schema::SEGMENT_LENGTHS, i)[0] as usize, start.len());
            }
            assert!(eos_id.is_none_or(|eos| ids.ends_with(&[eos])));
            let unknown = tokenizer.token_id("<unk>").is_some_and(|unk| ids.contains(&unk));
            if *lossless && !unknown {
                let text = tokenizer.decode(&ids, true).unwrap();
                assert_eq!(text, format!("{prompt}{completion}"), "{name}");
            }
        }
        let tokens: usize = (0..4).map(|i| numbers(&batch, schema::INPUT_IDS, i).len()).sum();
        assert_eq!(counts.sums["tokens"], tokens as u64);
        assert_eq!(counts.sums["trained_tokens"], trained as u64);
        assert_eq!(counts.sums["truncated"], 0);
        assert_eq!(counts.sums["stop_rows"], 4);
        assert_eq!(counts.lengths.values().sum::<u64>(), 4);
    }
}

#[test]
fn bos_and_eos_come_once() {
    let tokenizer = fixtures::byte_level_bos();
    let rows = &[("a", "b"), ("<s>a", "b</s>"), ("<s><s>a", "b")];
    let options = TokenizeOptions { end: End::Eos(2), ..Default::default() };
    let (batch, counts) = run(&tokenizer, &options, batch_of(5, rows)).unwrap();
    let ids: Vec<_> = (0..3).map(|i| numbers(&batch, schema::INPUT_IDS, i)).collect();
    assert_eq!(ids[0], ids[1]);
    assert_eq!((ids[0][0], *ids[0].last().unwrap(), ids[0].len()), (1, 2, 4));
    assert_eq!(ids[2][..2], [1, 1]);
    let found = |code| counts.findings.get(&Finding::new(code)).map(|f| (f.count, f.first.row));
    assert_eq!(found("doubled_bos_avoided"), Some((2, 6)));
    assert_eq!(found("doubled_eos_avoided"), Some((1, 6)));
    assert_eq!(found("doubled_bos"), Some((1, 7)));
    let (batch, _) =
        run(&tokenizer, &TokenizeOptions { add_bos: false, ..options }, batch_of(0, rows)).unwrap();
    assert_eq!(numbers(&batch, schema::INPUT_IDS, 0), ids[0][1..]);
}

#[test]
fn the_post_processors_suffix_is_not_added() {
    for (name, tokenizer) in fixtures::real() {
        if let [suffix] = tokenizer.suffix_ids[..] {
            let (batch, _) = run(&tokenizer, &TokenizeOptions::default(), batch_of(0, ROWS)).unwrap();
            assert!(!numbers(&batch, schema::INPUT_IDS, 0).contains(&suffix), "{name}");
        }
    }
}

#[test]
fn the_first_token_of_a_row_never_trains() {
    let tokenizer = fixtures::byte_level(false);
    let (batch, counts) =
        run(&tokenizer, &TokenizeOptions::default(), batch_of(0, &[("", "a b"), ("", "a")])).unwrap();
    assert_eq!(batch.rows(), 1);
    assert_eq!(kinds(&batch, 0), [0, 2]);
    assert_eq!(numbers(&batch, schema::SEGMENT_LENGTHS, 0)[0], 1);
    assert_eq!(counts.sums["trained_tokens"], check_row(&batch, 0) as u64);
    assert_eq!(counts.removed["no_trained_token"].count, 1);
    assert_eq!(batch.rejects[0].place.row, 1);
}

/// Without a prompt the completion is the start of the text, and gets its space mark.
#[test]
fn without_a_prompt_the_completion_is_the_start() {
    let tokenizer = fixtures::sentencepiece();
    let (batch, _) = run(&tokenizer, &TokenizeOptions::default(), batch_of(0, &[("", "the sea")])).unwrap();
    let mut ids = tokenizer.prefix_ids.clone();
    tokenizer.encoder().session().encode_prompt("the sea", &mut ids).unwrap();
    assert_eq!(numbers(&batch, schema::INPUT_IDS, 0), ids);
}

#[test]
fn rows_that_are_too_long_are_handled_by_policy() {
    let tokenizer = fixtures::byte_level_bos();
    // One token a character here: BOS + 3 + 2 + EOS = 7; then 4; then nothing to train.
    let rows = &[("<~^", "|}"), ("~", "}"), ("~", "")];
    let with =
        |limit, on_overflow| TokenizeOptions { max_length: Some(limit), on_overflow, ..Default::default() };
    let with_eos = |limit, on_overflow| TokenizeOptions { end: End::Eos(2), ..with(limit, on_overflow) };
    let ids_of = |batch: &Batch| -> Vec<Vec<i32>> {
        (0..batch.rows())
            .map(|i| {
                check_row(batch, i);
                numbers(batch, schema::INPUT_IDS, i)
            })
            .collect()
    };
    let (whole, _) = run(&tokenizer, &with_eos(9, OnOverflow::Reject), batch_of(0, rows)).unwrap();
    let whole = ids_of(&whole);
    assert_eq!(whole.iter().map(Vec::len).collect::<Vec<_>>(), [7, 4, 3]);
    let row = &whole[0];

    let (batch, counts) = run(&tokenizer, &with(5, OnOverflow::Reject), batch_of(0, rows)).unwrap();
    assert_eq!(ids_of(&batch), [whole[1][..3].to_vec()]);
    let codes: Vec<_> = batch.rejects.iter().map(|r| (r.code, r.place.row)).collect();
    assert_eq!(codes, [("too_long", 0), ("no_trained_token", 2)]);
    assert_eq!(batch.rejects[0].detail, "6 tokens, 2 of them the completion; max_length is 5");
    assert_eq!(counts.removed_rows(), 2);

    let (batch, counts) = run(&tokenizer, &with(5, OnOverflow::Drop), batch_of(0, rows)).unwrap();
    assert_eq!(batch.rows(), 1);
    let codes: Vec<_> = batch.rejects.iter().map(|r| (r.code, r.place.row)).collect();
    assert_eq!(codes, [("no_trained_token", 2)]);
    assert_eq!(counts.removed_rows(), 2);

    let e = run(&tokenizer, &with(5, OnOverflow::Raise), batch_of(0, rows)).unwrap_err();
    assert_eq!((e.class(), e.code(), e.get_row()), (Class::Data, "too_long", Some(0)));

    let left = |limit| {
        run(&tokenizer, &with_eos(limit, OnOverflow::TruncatePromptLeft), batch_of(0, &rows[..1])).unwrap()
    };
    let (batch, counts) = left(5);
    assert_eq!(ids_of(&batch), [[&row[..1], &row[3..]].concat()]);
    assert_eq!(counts.sums["truncated"], 1);
    assert_eq!(left(3).1.removed["too_long"].count, 1);

    let right = |limit| {
        run(&tokenizer, &with_eos(limit, OnOverflow::TruncateCompletion), batch_of(0, &rows[..1])).unwrap()
    };
    assert_eq!(ids_of(&right(5).0), [row[..5].to_vec()]);
    assert_eq!(right(4).1.removed["too_long"].count, 1);

    let Err(e) = TokenizeStage::new(&tokenizer, with(1, OnOverflow::Reject)) else { panic!() };
    assert_eq!(e.class(), Class::Plan);
}

#[test]
fn a_cut_stop_is_not_counted() {
    let tokenizer = fixtures::byte_level_bos();
    let options = TokenizeOptions {
        max_length: Some(8),
        on_overflow: OnOverflow::TruncateCompletion,
        stop: Some("~~".into()),
        ..Default::default()
    };
    let rows = &[("~", "|~~"), ("~", "|||||||||~~"), ("~", "no stop")];
    let (batch, counts) = run(&tokenizer, &options, batch_of(0, rows)).unwrap();
    assert_eq!(batch.rows(), 3);
    assert_eq!((counts.sums["stop_rows"], counts.sums["stop_stable"]), (1, 1));
    assert_eq!(counts.sums["truncated"], 1);
}

#[test]
fn batches_of_one_give_the_same_rows() {
    let rows: Vec<(&str, &str)> =
        fixtures::TEXTS.iter().flat_map(|p| fixtures::TEXTS.iter().map(move |c| (*p, *c))).collect();
    for (name, tokenizer, _) in fixtures::all() {
        for on_overflow in [OnOverflow::Drop, OnOverflow::TruncatePromptLeft, OnOverflow::TruncateCompletion]
        {
            let options =
                TokenizeOptions { max_length: Some(24), on_overflow, end: End::Eos(2), ..Default::default() };
            let (whole, counts) = run(&tokenizer, &options, batch_of(0, &rows)).unwrap();
            let mut merged = StepCounts::default();
            let mut rejects = Vec::new();
            let mut row = 0;
            for (i, pair) in rows.iter().enumerate() {
                let (one, counts) = run(&tokenizer, &options, batch_of(i as u64, &[*pair])).unwrap();
                for _ in 0..one.rows() {
                    check_row(&one, 0);
                    assert_eq!(one.records, whole.records.slice(row, 1), "{name}");
                    row += 1;
                }
                rejects.extend(one.rejects);
                merged.merge(counts);
            }
            assert_eq!(row, whole.rows());
            assert_eq!(rejects, whole.rejects);
            assert_eq!(merged, counts);
        }
    }
}

#[test]
fn every_text_type_gives_the_same_rows() {
    let tokenizer = fixtures::byte_level(false);
    let options = TokenizeOptions { keep_text: false, ..Default::default() };
    let (expected, _) = run(&tokenizer, &options, batch_of(0, ROWS)).unwrap();
    let names: Vec<_> = expected.records.schema().fields().iter().map(|f| f.name().clone()).collect();
    assert_eq!(names, ["input_ids", "labels", "segment_lengths", "segment_kinds"]);
    let (prompts, completions): (Vec<&str>, Vec<&str>) = ROWS.iter().copied().unzip();
    let columns: [[ArrayRef; 2]; 2] = [
        [Arc::new(StringArray::from(prompts.clone())), Arc::new(StringArray::from(completions.clone()))],
        [Arc::new(LargeStringArray::from(prompts)), Arc::new(LargeStringArray::from(completions))],
    ];
    for [prompt, completion] in columns {
        let mut batch = batch_of(0, ROWS);
        batch.records =
            RecordBatch::try_from_iter([(schema::PROMPT, prompt), (schema::COMPLETION, completion)]).unwrap();
        assert_eq!(run(&tokenizer, &options, batch).unwrap().0.records, expected.records);
    }
    let mut numbers = batch_of(0, ROWS);
    let column: ArrayRef = Arc::new(arrow::array::Int32Array::from(vec![1, 2, 3, 4]));
    numbers =
        numbers.with_column(Field::new(schema::PROMPT, column.data_type().clone(), true), column).unwrap();
    assert_eq!(run(&tokenizer, &options, numbers).unwrap_err().class(), Class::Column);
}

#[test]
fn null_text_is_a_missing_field() {
    let texts: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), None]));
    let mut batch = batch_of(0, &ROWS[..2]);
    let fields = [schema::text(schema::PROMPT), schema::text(schema::COMPLETION)];
    let columns = vec![batch.column(schema::PROMPT).unwrap().clone(), texts];
    batch.records = RecordBatch::try_new(Arc::new(Schema::new(fields.to_vec())), columns).unwrap();
    let (batch, counts) = run(&fixtures::byte_level(false), &TokenizeOptions::default(), batch).unwrap();
    assert_eq!((batch.rows(), counts.removed["missing_field"].count), (1, 1));
}

/// Spans are offsets in prompt + completion, and may cross from one to the other.
#[test]
fn hidden_spans_make_control_tokens_text() {
    let tokenizer = fixtures::sentencepiece();
    let rows = &[("a</s>b", "c</s>d</s>"), ("a</s>", "c</s>"), ("a</", "s>b</s>")];
    let spans: [Option<&[u32]>; 3] = [Some(&[1, 5, 7, 11]), None, Some(&[1, 5])];
    let bytes = spans.map(|s| s.map(|s| s.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>()));
    let column: ArrayRef = Arc::new(BinaryArray::from_iter(bytes));
    let field = Field::new(schema::AS_TEXT, column.data_type().clone(), true);
    let batch = batch_of(0, rows).with_column(field, column).unwrap();
    let (batch, _) = run(&tokenizer, &TokenizeOptions::default(), batch).unwrap();
    let eos = |i| numbers(&batch, schema::INPUT_IDS, i).iter().filter(|&&id| id == 2).count();
    assert_eq!([eos(0), eos(1), eos(2)], [1, 2, 1]);
    let text = tokenizer.decode(&numbers(&batch, schema::INPUT_IDS, 0)[1..], false).unwrap();
    assert_eq!(text, "a</s>bc</s>d</s>");
}

#[test]
fn ids_that_differ_from_the_crate_are_an_error_that_names_the_first_token() {
    let tokenizer = fixtures::byte_level(false);
    let mut session = tokenizer.encoder().session();
    let text = "hello there";
    let mut ids = Vec::new();
    session.encode_prompt(text, &mut ids).unwrap();
    for at_start in [true, false] {
        let part = PartText { name: "prompt", text, spans: &[], at_start };
        assert!(verify_ids(&session, &part, &ids).is_ok());
        let mut wrong = ids.clone();
        wrong[1] += 1;
        for wrong in [&wrong[..], &ids[..1], &[]] {
            let e = verify_ids(&session, &part, wrong).unwrap_err();
            assert_eq!(e.code(), "ids_differ");
            let position = ids.iter().zip(wrong).take_while(|(a, b)| a == b).count();
            assert!(e.message().contains(&format!("token {position} is ")), "{e}");
        }
    }
}
