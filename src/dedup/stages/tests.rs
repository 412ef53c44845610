use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Schema;

use super::*;
use crate::record::Places;
use crate::testing::Random;

fn batch(seq: u64, first: u64, texts: &[&str], numbers: &[i64]) -> Batch {
    let schema =
        Schema::new(vec![Field::new("t", DataType::Utf8, true), Field::new("n", DataType::Int64, true)]);
    let columns: Vec<ArrayRef> =
        vec![Arc::new(StringArray::from(texts.to_vec())), Arc::new(Int64Array::from(numbers.to_vec()))];
    let records = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let places = Places::numbered(0, first, texts.len());
    Batch { seq, ..Batch::new(records, places) }
}

fn options(on: &[&str], normalize: Normalize, verify: bool) -> KeyOptions {
    KeyOptions {
        on: on.iter().map(|s| s.to_string()).collect(),
        marks: vec![String::new(); on.len()],
        normalize,
        verify,
    }
}

fn kept(
    options: KeyOptions,
    keepers: bool,
    rows: &[(&str, i64)],
    size: usize,
) -> (Vec<u64>, Vec<(u64, u64)>) {
    let mut stage = DedupStage::new(keepers, options.verify);
    let keys = KeyStage(options);
    let (mut kept, mut dropped) = (vec![], vec![]);
    for (b, part) in rows.chunks(size).enumerate() {
        let (texts, numbers): (Vec<&str>, Vec<i64>) = part.iter().copied().unzip();
        let batch = batch(b as u64, (b * size) as u64, &texts, &numbers);
        let batch = keys.map(batch, &mut StepCounts::default()).unwrap();
        let batch = stage.push(batch, &mut vec![]).unwrap();
        kept.extend(batch.places.rows.iter().map(|r| r.row));
        dropped.extend(batch.duplicates.iter().filter_map(|d| Some((d.dropped.row, d.kept?.row))));
    }
    (kept, dropped)
}

#[test]
fn the_first_stays_and_is_named_as_a_dictionary_would() {
    let mut random = Random(1);
    let words = ["", "a", "b", "ab", "A", " a", "ä", "a\u{308}"];
    let rows: Vec<(&str, i64)> = (0..500).map(|_| (words[random.below(8)], random.below(5) as i64)).collect();
    let mut first: HashMap<(&str, i64), u64> = HashMap::new();
    let (mut want_kept, mut want_dropped) = (vec![], vec![]);
    for (i, row) in rows.iter().enumerate() {
        match first.get(row) {
            Some(k) => want_dropped.push((i as u64, *k)),
            None => {
                first.insert(*row, i as u64);
                want_kept.push(i as u64);
            }
        }
    }
    for size in [1, 3, 500] {
        for verify in [false, true] {
            let got = kept(options(&["t", "n"], Normalize::default(), verify), true, &rows, size);
            assert_eq!(got, (want_kept.clone(), want_dropped.clone()));
        }
        let (keys_only, named) = kept(options(&["t", "n"], Normalize::default(), false), false, &rows, size);
        assert_eq!(keys_only, want_kept);
        assert!(named.is_empty());
    }
}

#[test]
fn levels_what_it_is_asked_to() {
    let rows = [("Ä  b", 0), ("a\u{308} B", 0), ("ä b", 0), ("ä b ", 0)];
    let all = Normalize { unicode: true, case: true, whitespace: true };
    assert_eq!(kept(options(&["t"], all, false), true, &rows, 2).0, [0]);
    assert_eq!(kept(options(&["t"], Normalize::default(), false), true, &rows, 2).0, [0, 1, 2, 3]);
    let white = Normalize { whitespace: true, ..Normalize::default() };
    assert_eq!(kept(options(&["t"], white, false), true, &rows, 2).0, [0, 1, 2]);
}

#[test]
fn drops_what_an_earlier_folder_has() {
    let key = |text: &str| hash::key([hash::field(Some(text.as_bytes()))]);
    let mut stage = DedupStage::new(true, false);
    stage.seed(3, [Ok(key("x"))]).unwrap();
    stage.seed(4, [Ok(key("y")), Ok(key("x"))]).unwrap();
    let keyed = KeyStage(options(&["t"], Normalize::default(), false));
    let made = keyed.map(batch(0, 0, &["z", "y", "x"], &[0, 0, 0]), &mut StepCounts::default()).unwrap();
    let mut taken_out = vec![];
    let made = stage.push(made, &mut taken_out).unwrap();
    assert_eq!(made.rows(), 1);
    assert_eq!(made.duplicates.iter().map(|d| d.against).collect::<Vec<_>>(), [Some(4), Some(3)]);
    let taken_out: Vec<_> = taken_out.iter().map(|(code, place)| (*code, place.row)).collect();
    assert_eq!(taken_out, [(reason::DUPLICATE_AGAINST, 1), (reason::DUPLICATE_AGAINST, 2)]);
}

#[test]
fn bytes_decide_where_hashes_match() {
    let mut index = Index::new(true, true);
    assert_eq!(index.insert(1, 10, Some(b"x")), None);
    assert_eq!(index.insert(1, 11, Some(b"y")), None);
    assert_eq!(index.insert(1, 12, Some(b"y")), Some(Some(11)));
}
