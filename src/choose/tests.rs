//! The barrier of a choice: its rows do not depend on batches, memory and disk.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, StringArray};
use arrow::datatypes::{DataType, Field, Schema};

use super::*;
use crate::flow::{Barrier, Totals};
use crate::hash;
use crate::record::schema::{ANSWER, GROUP, STAYS};
use crate::record::{Batch, FileRanks, Places, with_keys};
use crate::report::StepCounts;
use crate::spill::Spill;
use crate::store::Files;

/// The texts that leave the barrier, in order; it gets rows with the key of their group and of their answer.
fn chosen(
    rows: &[(String, u128, u128)],
    how: &How,
    size: usize,
    memory: u64,
) -> (Vec<String>, StepCounts, Totals) {
    let scratch = tempfile::tempdir().unwrap();
    let spill =
        Spill { disk: Files::local(), folder: scratch.path().into(), kept_as: None, memory, threads: 2 };
    let ranks = FileRanks::new([(0, "a.jsonl")].into_iter(), how.seed());
    let mut barrier: Box<dyn Barrier> = Box::new(Choose::new(how.clone(), ranks, 1, false, spill));
    for (part, first) in rows.chunks(size).zip((0..).step_by(size)) {
        let schema = Arc::new(Schema::new(vec![Field::new("t", DataType::Utf8, false)]));
        let column: StringArray = part.iter().map(|(text, _, _)| Some(text)).collect();
        let records = arrow::array::RecordBatch::try_new(schema, vec![Arc::new(column)]).unwrap();
        let batch = Batch::new(records, Places::numbered(0, first, part.len()));
        let keys = |key: fn(&(String, u128, u128)) -> u128| {
            part.iter().flat_map(|row| key(row).to_be_bytes()).collect()
        };
        let batch = with_keys(batch, GROUP, keys(|row| row.1)).unwrap();
        let batch = with_keys(batch, ANSWER, keys(|row| row.2)).unwrap();
        let stays = Arc::new(BooleanArray::from(vec![true; part.len()]));
        let batch = batch.with_column(Field::new(STAYS, DataType::Boolean, false), stays).unwrap();
        let ready = barrier.ready_maker().make_ready(batch).unwrap();
        barrier.push(ready).unwrap();
    }
    let output = barrier.finish().unwrap();
    let (mut scan, mut counts, mut texts) = (output.scan, StepCounts::default(), Vec::new());
    while let Some(chunk) = scan.next().unwrap() {
        let batch = chunk.decode(&mut counts).unwrap();
        let expected = 1 + usize::from(how.gives_weights());
        assert_eq!(batch.records.num_columns(), expected, "hidden columns are gone");
        texts.extend(batch.records.column(0).as_string::<i32>().iter().flatten().map(String::from));
    }
    (texts, counts, output.totals)
}

fn rows() -> Vec<(String, u128, u128)> {
    (0..2_000_u128).map(|i| (format!("row {i} {}", "x".repeat(i as usize % 60)), i * i % 37, i % 3)).collect()
}

fn balance(how: BalanceHow) -> How {
    How::Balance { how, by: vec!["t".into()], seed: 3 }
}

fn mix(on_exhausted: OnExhausted) -> How {
    let weights = [5.0, 1.0, 2.5].into_iter().zip(0..).map(|(weight, i)| (format!("s{i}"), weight));
    let (by, unit) = ("t".into(), MixUnit::Rows);
    How::Mix(MixOptions { weights: weights.collect(), by, unit, on_exhausted, seed: 3 })
}

#[test]
fn neither_batches_nor_memory_change_the_rows() {
    let mut all = rows();
    all.truncate(500);
    for (row, i) in all.iter_mut().zip([0, 1, 0, 2, 0, 1].into_iter().cycle()) {
        // The keys of the sources of a mix.
        row.1 = hash::key([hash::field(Some(format!("s{i}").as_bytes()))]);
    }
    for how in [
        How::Sample { amount: Amount::Rows(300), seed: 3, grouped: false },
        How::Sample { amount: Amount::Share(0.3), seed: 3, grouped: true },
        How::Conflicts(Keep::First),
        How::Conflicts(Keep::Most),
        balance(BalanceHow::Undersample),
        balance(BalanceHow::Oversample),
        mix(OnExhausted::Stop),
        mix(OnExhausted::Repeat),
    ] {
        let whole = chosen(&all, &how, 500, u64::MAX);
        assert!(!whole.0.is_empty() && whole.0.len() != 500);
        for (size, memory) in [(1, u64::MAX), (7, 10_000), (300, 2_000), (500, 1)] {
            assert!(chosen(&all, &how, size, memory) == whole, "{how:?}, batches of {size}, {memory} bytes");
        }
    }
}

#[test]
fn rows_keep_their_order_and_all_are_counted() {
    let all = rows();
    let how = How::Sample { amount: Amount::Rows(300), seed: 3, grouped: false };
    let (texts, counts, totals) = chosen(&all, &how, 100, 5_000);
    let positions: Vec<usize> =
        texts.iter().map(|text| all.iter().position(|(other, _, _)| other == text).unwrap()).collect();
    assert!(positions.is_sorted());
    assert_eq!((counts.rows_out, counts.removed_rows()), (300, 1_700));
    // A text has an offset of four bytes.
    assert_eq!(
        (totals.rows, totals.bytes),
        (vec![300], vec![texts.iter().map(|t| t.len() as u64 + 4).sum()])
    );
}

#[test]
fn one_answer_of_each_prompt_stays() {
    let row = |prompt, answer| (format!("{prompt}{answer}"), prompt, answer);
    let all = [row(1, 1), row(1, 2), row(2, 5), row(1, 2), row(2, 5), row(3, 1), row(3, 2)];
    let texts = |keep| chosen(&all, &How::Conflicts(keep), 2, u64::MAX).0;
    assert_eq!(texts(Keep::First), ["11", "25", "25", "31"]);
    assert_eq!(texts(Keep::Most), ["12", "25", "12", "25", "31"]);
    assert_eq!(texts(Keep::None), ["25", "25"]);
}

/// Rows of classes of these sizes, one class after the other; a row is its class and its number within it.
fn classes(sizes: &[u128]) -> Vec<(String, u128, u128)> {
    let rows = |(class, size): (usize, &u128)| {
        (0..*size).map(move |i| (format!("{class}-{i}"), class as u128, 0)).collect::<Vec<_>>()
    };
    sizes.iter().enumerate().flat_map(rows).collect()
}

#[test]
fn every_class_keeps_as_many_rows_as_the_smallest() {
    let (texts, counts, _) = chosen(&classes(&[5, 3, 9]), &balance(BalanceHow::Undersample), 4, u64::MAX);
    for class in 0..3 {
        assert_eq!(texts.iter().filter(|text| text.starts_with(&format!("{class}-"))).count(), 3);
    }
    assert!(texts.is_sorted());
    assert_eq!((counts.rows_out, counts.removed["surplus"].count), (9, 8));
}

#[test]
fn every_class_is_repeated_evenly_and_spread_over_all() {
    let (texts, counts, totals) = chosen(&classes(&[2, 1, 5]), &balance(BalanceHow::Oversample), 3, 100);
    let of =
        |class: usize| -> Vec<&str> { texts.iter().skip(class).step_by(3).map(String::as_str).collect() };
    // Rows of the three classes take turns, since each has as many.
    assert_eq!(of(1), ["1-0"; 5]);
    assert_eq!(of(2), ["2-0", "2-1", "2-2", "2-3", "2-4"]);
    assert_eq!(of(0)[..4], ["0-0", "0-1", "0-0", "0-1"]);
    assert_eq!((counts.rows_out, totals.rows, counts.removed_rows()), (15, vec![15], 0));
    assert_eq!(totals.bytes, [15 * 7]);
}

#[test]
fn all_rows_stay_where_they_get_weights() {
    let all = classes(&[1, 3]);
    let (texts, counts, totals) = chosen(&all, &balance(BalanceHow::Weights), 3, 100);
    assert_eq!(texts, all.iter().map(|row| row.0.clone()).collect::<Vec<_>>());
    // The text with an offset of four bytes, and the weight.
    assert_eq!((counts.rows_out, totals.bytes), (4, vec![4 * (3 + 4 + 8)]));
}
