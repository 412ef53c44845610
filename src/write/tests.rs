use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use ::arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, FixedSizeBinaryArray, Int32Array, Int64Array,
    LargeStringArray, ListArray, RecordBatch, StringArray, StringViewArray, UInt8Array,
};
use ::arrow::buffer::{NullBuffer, OffsetBuffer};
use ::arrow::compute::concat;
use ::arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use ::arrow::ipc::reader::FileReader;
use serde_json::{Value, json};

use super::layout::written_column;
use super::shard::ShardPlan;
use super::*;
use crate::artifact::manifest::{Column, FileEntry, Manifest};
use crate::artifact::{self, Keys};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::flow::Sink;
use crate::record::Batch;
use crate::record::schema::{self, KEY, SPLIT};
use crate::record::{Duplicate, Place, Places, Reject};
use crate::store::Files;

pub(crate) const TRAIN_VALID: [&str; 2] = ["train", "valid"];

pub(crate) fn options(dir: &Path, schema: SchemaRef) -> SinkOptions {
    SinkOptions {
        dir: dir.into(),
        overwrite: true,
        formats: vec![Format::Arrow],
        schema,
        shard_bytes: 20_000,
        split_names: TRAIN_VALID.map(String::from).to_vec(),
        file_names: Arc::new(vec!["a.jsonl".into(), "b \"x\".jsonl".into()]),
        against: vec!["old/".into()],
        report: false,
        key_recipe: Some("v1 prompt".into()),
    }
}

/// The fields of a manifest that the caller sets.
pub(crate) fn base() -> Manifest {
    let base = json!({"manifest_version": 2, "fastprep_version": "0.1.0", "data": "", "fingerprint": "f", "plan": {},
        "format": null, "tokenizer": null, "schema": [], "inputs": [], "splits": [], "shards": [], "sidecars": [],
        "report": {"rows": 1}});
    serde_json::from_value(base).unwrap()
}

/// The Arrow type in which text reaches the sink.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Text {
    View,
    Plain,
    Large,
    Dictionary,
}

fn text(i: usize) -> Option<String> {
    (i % 11 != 3).then(|| format!("row {i} \"ü\"\n{}", "é\\".repeat(i % 37)))
}

/// Rows `from..to`: text with nulls, numbers with nulls over differing values, token lists, split and key.
pub fn rows(from: usize, to: usize, kind: Text) -> RecordBatch {
    let all: Vec<usize> = (from..to).collect();
    let texts: Vec<Option<String>> = all.iter().map(|&i| text(i)).collect();
    let prompt: ArrayRef = match kind {
        Text::View => Arc::new(StringViewArray::from_iter(texts)),
        Text::Plain => Arc::new(StringArray::from_iter(texts)),
        Text::Large => Arc::new(LargeStringArray::from_iter(texts)),
        Text::Dictionary => {
            Arc::new(texts.iter().map(Option::as_deref).collect::<DictionaryArray<Int32Type>>())
        }
    };
    let nulls = NullBuffer::from_iter(all.iter().map(|i| i % 5 != 0));
    let under_nulls = |i: usize| if i.is_multiple_of(5) { i as i64 * kind as i64 } else { i as i64 };
    let number = Int64Array::new(all.iter().map(|&i| under_nulls(i)).collect(), Some(nulls));
    let ids = all.iter().flat_map(|&i| (0..i % 7).map(move |j| (i * 10 + j) as i32));
    let labels = all.iter().flat_map(|&i| (0..i % 7).map(|j| if j == 0 { -100 } else { j as i32 }));
    let ends = || OffsetBuffer::from_lengths(all.iter().map(|i| i % 7));
    let list = |values: Int32Array| -> ArrayRef {
        Arc::new(ListArray::new(
            Arc::new(Field::new("item", DataType::Int32, false)),
            ends(),
            Arc::new(values),
            None,
        ))
    };
    let keys = all.iter().flat_map(|&i| key(i).to_be_bytes()).collect::<Vec<_>>();
    let fields = vec![
        Field::new("prompt", prompt.data_type().clone(), true),
        Field::new("n", DataType::Int64, true),
        schema::list(schema::INPUT_IDS, DataType::Int32),
        schema::list(schema::LABELS, DataType::Int32),
        Field::new(SPLIT, DataType::UInt8, false),
        Field::new(KEY, DataType::FixedSizeBinary(16), false),
    ];
    let columns: Vec<ArrayRef> = vec![
        prompt,
        Arc::new(number),
        list(ids.collect()),
        list(labels.collect()),
        Arc::new(UInt8Array::from_iter_values(all.iter().map(|&i| u8::from(i % 10 == 9)))),
        Arc::new(FixedSizeBinaryArray::try_new(16, keys.into(), None).unwrap()),
    ];
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

fn key(i: usize) -> u128 {
    u128::MAX - i as u128
}

fn place(row: u64) -> Place {
    Place {
        file: (row % 2) as u32,
        row,
        line: (row.is_multiple_of(2)).then_some(row + 1),
        byte: None,
        copy: 0,
    }
}

/// A batch with a reject and a duplicate for every 100th row, in descending order.
pub(crate) fn batch(records: RecordBatch, from: usize) -> Batch {
    let marked: Vec<u64> =
        (from..from + records.num_rows()).filter(|i| i % 100 == 50).map(|i| i as u64).rev().collect();
    let reject = |&row: &u64| Reject {
        code: "bad_json",
        place: Place { file: 0, ..place(row) },
        position: row,
        detail: "a\tb".into(),
        record: format!("{{\"row\":\n{row}}}"),
    };
    let duplicate = |&row: &u64| Duplicate {
        dropped: Place { file: 0, ..place(row) },
        position: row,
        kept: (row % 200 == 50).then(|| place(1)),
        against: (row % 200 != 50).then_some(0),
    };
    Batch {
        seq: 0,
        places: Places::numbered(0, from as u64, records.num_rows()),
        records,
        rejects: marked.iter().map(reject).collect(),
        duplicates: marked.iter().map(duplicate).collect(),
    }
}

/// Prepares a batch and pushes it to the sink.
pub(crate) fn push<S: Sink>(sink: &mut S, batch: Batch) -> Result<()> {
    let ready = sink.ready_maker().make_ready(batch)?;
    sink.push(ready)
}

/// Publishes `count` rows that arrive `size` at a time.
pub(crate) fn publish(
    options: SinkOptions,
    store: Files,
    count: usize,
    size: usize,
    kind: Text,
) -> Result<Manifest> {
    let mut sink = ShardSink::open(options, store)?;
    for from in (0..count).step_by(size) {
        push(&mut sink, batch(rows(from, (from + size).min(count), kind), from))?;
    }
    sink.finish()?;
    sink.commit(base())
}

/// Every file below a folder, by its relative name.
pub(crate) fn tree(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            files.extend(tree(&entry.path()).into_iter().map(|(n, bytes)| (format!("{name}/{n}"), bytes)));
            files.insert(format!("{name}/"), vec![]);
        } else {
            files.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
    files
}

const ALL: [Format; 4] = [
    Format::Arrow,
    Format::Jsonl { compression: Compression::None },
    Format::Jsonl { compression: Compression::Gzip },
    Format::Jsonl { compression: Compression::Zstd },
];

fn read_arrow(path: &Path) -> Vec<RecordBatch> {
    FileReader::try_new(std::fs::File::open(path).unwrap(), None).unwrap().map(Result::unwrap).collect()
}

fn read_lines(path: &Path) -> Vec<Value> {
    let bytes = std::fs::read(path).unwrap();
    let mut text = String::new();
    match path.extension().unwrap().to_str().unwrap() {
        "gz" => drop(flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap()),
        "zst" => drop(zstd::Decoder::new(&bytes[..]).unwrap().read_to_string(&mut text).unwrap()),
        _ => text = String::from_utf8(bytes).unwrap(),
    }
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

#[test]
fn files_do_not_depend_on_batches() {
    let count = 6_000;
    let schema = rows(0, 1, Text::View).schema();
    let run = |size: usize, kind: Text| {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let options =
            SinkOptions { formats: ALL.to_vec(), shard_bytes: 300_000, ..options(&out, schema.clone()) };
        publish(options, Files::local(), count, size, kind).unwrap();
        tree(&out)
    };
    let whole = run(count, Text::View);
    assert!(whole.keys().filter(|n| n.ends_with(".arrow")).count() > 3);
    for (size, kind) in [(1, Text::View), (3, Text::Plain), (999, Text::Large), (4_097, Text::Dictionary)] {
        let other = run(size, kind);
        for (name, bytes) in &whole {
            assert!(other.get(name) == Some(bytes), "{name} differs for batches of {size}");
        }
        assert_eq!(other.len(), whole.len());
    }
}

#[test]
fn bits_and_bytes_around_a_slice_are_not_written() {
    let write = |records: RecordBatch| {
        let dir = tempfile::tempdir().unwrap();
        let mut sink = ShardSink::open(options(dir.path(), records.schema()), Files::local()).unwrap();
        push(&mut sink, batch(records, 0)).unwrap();
        sink.commit(base()).unwrap();
        tree(dir.path())
    };
    // The same five rows: as a slice of a larger batch, and as a batch of their own.
    assert!(write(rows(0, 50, Text::Plain).slice(16, 5)) == write(rows(16, 21, Text::Plain)));
}

#[test]
fn views_become_plain_text() {
    let long = |i: usize| Some(format!("text {i}, é, is not in its view"));
    let other = |i: usize| [Some(String::new()), Some("short".to_string()), None][i % 3].clone();
    let all: Vec<_> = (0..9).map(long).collect();
    let some: Vec<_> = (0..9).map(|i| if i % 4 == 3 { other(i) } else { long(i) }).collect();
    let field = Field::new("text", DataType::Utf8, true);
    for texts in [all, some] {
        let one: ArrayRef = Arc::new(StringViewArray::from_iter(texts.iter()));
        let ends = [&one.slice(6, 3) as &dyn Array, &one.slice(1, 4)];
        let parts = concat(&ends).unwrap();
        let in_parts: Vec<_> = texts[6..9].iter().chain(&texts[1..5]).cloned().collect();
        for (views, texts) in [(&one, &texts), (&parts, &in_parts)] {
            for start in 0..texts.len() {
                for length in 0..=texts.len() - start {
                    let written = written_column(&views.slice(start, length), &field).unwrap();
                    assert_eq!(
                        written.as_string::<i32>(),
                        &StringArray::from_iter(&texts[start..start + length])
                    );
                }
            }
        }
    }
}

#[test]
fn rows_can_be_read_back_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let count = 1_000;
    let options =
        SinkOptions { formats: ALL.to_vec(), ..options(dir.path(), rows(0, 1, Text::View).schema()) };
    let manifest = publish(options, Files::local(), count, 64, Text::View).unwrap();
    let data = dir.path().join(&manifest.data);
    for (s, split) in TRAIN_VALID.iter().enumerate() {
        let wanted: Vec<usize> = (0..count).filter(|i| usize::from(i % 10 == 9) == s).collect();
        for format in ALL {
            let of = |f: &&FileEntry| {
                f.split.as_deref() == Some(split) && f.name.ends_with(&format!(".{}", format.extension()))
            };
            let shards: Vec<&FileEntry> = manifest.shards.iter().filter(of).collect();
            assert_eq!(shards.iter().map(|f| f.rows).sum::<u64>(), wanted.len() as u64);
            assert_eq!(
                shards.iter().map(|f| f.tokens).sum::<u64>(),
                wanted.iter().map(|i| *i as u64 % 7).sum::<u64>()
            );
            let mut at = wanted.iter();
            for shard in shards {
                let path = data.join(&shard.name);
                if format != Format::Arrow {
                    for row in read_lines(&path) {
                        let i = *at.next().unwrap();
                        let (keys, _): (Vec<_>, Vec<_>) = row.as_object().unwrap().iter().unzip();
                        assert_eq!(keys, ["prompt", "n", "input_ids", "labels"]);
                        assert_eq!(row["prompt"], json!(text(i)));
                        assert_eq!(row["n"], json!((!i.is_multiple_of(5)).then_some(i)));
                        assert_eq!(row["input_ids"].as_array().unwrap().len(), i % 7);
                    }
                    continue;
                }
                for records in read_arrow(&path) {
                    assert_eq!(records.num_columns(), 4);
                    for (prompt, n) in records
                        .column(0)
                        .as_string::<i32>()
                        .iter()
                        .zip(records.column(1).as_primitive::<::arrow::datatypes::Int64Type>().iter())
                    {
                        let i = *at.next().unwrap();
                        assert_eq!(
                            (prompt, n),
                            (text(i).as_deref(), (!i.is_multiple_of(5)).then_some(i as i64))
                        );
                    }
                }
            }
            assert!(at.next().is_none());
        }
    }
    let train = manifest.splits.iter().find(|split| split.name == "train").unwrap();
    assert_eq!(train.rows, 900);
    let trained = (0..count).filter(|i| i % 10 != 9).map(|i| (i as u64 % 7).saturating_sub(1)).sum::<u64>();
    assert_eq!(train.trained_tokens, trained);
    assert_eq!(manifest.schema[2], Column { name: "input_ids".into(), type_name: "list<int32>".into() });
    let report = artifact::verify(&Files::local(), dir.path(), &Cancel::default()).unwrap();
    assert_eq!((report.problems, report.unexpected), (vec![], vec![]));
    // Rows of one format: all formats have the same rows.
    assert_eq!(report.rows, count as u64);
}

#[test]
fn sidecars_hold_keys_rejects_and_duplicates_in_row_order() {
    let dir = tempfile::tempdir().unwrap();
    let options = options(dir.path(), rows(0, 1, Text::View).schema());
    let manifest = publish(options, Files::local(), 1_000, 1_000, Text::View).unwrap();
    let keys = Keys::open(&Files::local(), dir.path(), &Cancel::default()).unwrap();
    assert_eq!(keys.recipe, "v1 prompt");
    assert_eq!(keys.map(Result::unwrap).collect::<Vec<_>>(), (0..1_000).map(key).collect::<Vec<_>>());
    let stored = &read_arrow(&dir.path().join(&manifest.data).join("keys.arrow"))[0];
    assert_eq!(stored.schema().metadata()["fastprep.key_recipe"], "v1 prompt");
    assert_eq!(stored.column(1).as_string::<i32>().value(9), "valid");

    let rejects = read_lines(&dir.path().join("rejects.jsonl"));
    assert_eq!(rejects.len(), 10);
    assert_eq!(
        rejects[1],
        json!({"code": "bad_json", "file": "a.jsonl", "row": 150, "line": 151, "byte": null, "detail": "a\tb",
               "record": {"row": 150}})
    );
    let duplicates = read_lines(&dir.path().join(&manifest.data).join("duplicates.jsonl"));
    let kept = json!({"file": "b \"x\".jsonl", "row": 1, "line": null});
    assert_eq!(duplicates[0], json!({"file": "a.jsonl", "row": 50, "line": 51, "kept": kept}));
    assert_eq!(duplicates[1]["kept"], json!({"against": "old/"}));
}

#[test]
fn shards_can_end_after_given_numbers_of_rows() {
    let dir = tempfile::tempdir().unwrap();
    let schema = rows(0, 1, Text::View).schema();
    let run = |train: ShardPlan| {
        let mut sink = ShardSink::open(options(dir.path(), schema.clone()), Files::local())?;
        sink.plan_shards(vec![Some(train), None])?;
        for from in (0..100).step_by(7) {
            push(&mut sink, batch(rows(from, (from + 7).min(100), Text::View), from))?;
        }
        let manifest = sink.commit(base())?;
        Ok::<_, Error>(manifest.shards.iter().map(|f| (f.name.clone(), f.rows)).collect::<Vec<_>>())
    };
    let plan = ShardPlan::equal(90, 3_500, 1_000);
    assert_eq!(plan, ShardPlan::Rows(vec![23, 23, 22, 22]));
    let shards = run(plan).unwrap();
    assert_eq!(shards.iter().map(|s| s.1).collect::<Vec<_>>(), [23, 23, 22, 22, 10]);
    assert_eq!(shards[1].0, "train-00001-of-00004.arrow");
    assert_eq!(shards[4].0, "valid-00000-of-00001.arrow");
    assert_eq!(run(ShardPlan::Rows(vec![50])).unwrap_err().code(), "internal");
    assert_eq!(run(ShardPlan::Rows(vec![50, 50])).unwrap_err().code(), "internal");
}

#[test]
fn a_data_set_may_have_no_rows() {
    let dir = tempfile::tempdir().unwrap();
    let options =
        SinkOptions { formats: ALL.to_vec(), ..options(dir.path(), rows(0, 1, Text::View).schema()) };
    let manifest = publish(options, Files::local(), 0, 1, Text::View).unwrap();
    assert_eq!(manifest.shards.len(), 8);
    assert!(manifest.shards.iter().all(|f| f.rows == 0));
    assert!(dir.path().join("rejects.jsonl").exists());
    assert_eq!(artifact::verify(&Files::local(), dir.path(), &Cancel::default()).unwrap().problems, vec![]);
    assert_eq!(Keys::open(&Files::local(), dir.path(), &Cancel::default()).unwrap().count(), 0);
}

#[test]
fn verify_names_each_damage() {
    type Case = (&'static str, fn(&Path), &'static str);
    let damages: [Case; 5] = [
        ("gone", |f| std::fs::remove_file(f).unwrap(), "is missing"),
        ("cut", |f| std::fs::write(f, &std::fs::read(f).unwrap()[..100]).unwrap(), "has 100 bytes"),
        ("flipped", flip, "has the checksum"),
        ("beside", |f| std::fs::write(f.with_file_name("notes.txt"), "x").unwrap(), ""),
        (
            "stale rejects",
            |f| std::fs::write(f.ancestors().nth(3).unwrap().join("rejects.jsonl"), "").unwrap(),
            "bytes",
        ),
    ];
    for (name, damage, what) in damages {
        let dir = tempfile::tempdir().unwrap();
        let options = options(dir.path(), rows(0, 1, Text::View).schema());
        let manifest = publish(options, Files::local(), 100, 100, Text::View).unwrap();
        if name == "stale rejects" {
            // It may be a hard link to the file in the generation, which must not change.
            std::fs::remove_file(dir.path().join("rejects.jsonl")).unwrap();
        }
        damage(&dir.path().join(&manifest.data).join(&manifest.shards[0].name));
        let report = artifact::verify(&Files::local(), dir.path(), &Cancel::default()).unwrap();
        if what.is_empty() {
            assert_eq!((report.problems, report.unexpected), (vec![], vec!["notes.txt".into()]), "{name}");
        } else {
            assert_eq!(report.problems.len(), 1, "{name}");
            assert!(report.problems[0].what.contains(what), "{name}: {:?}", report.problems);
        }
    }
}

fn flip(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn damaged_keys_are_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let options = options(dir.path(), rows(0, 1, Text::View).schema());
    let manifest = publish(options.clone(), Files::local(), 100, 100, Text::View).unwrap();
    flip(&dir.path().join(&manifest.data).join("keys.arrow"));
    assert_eq!(Keys::open(&Files::local(), dir.path(), &Cancel::default()).err().unwrap().code(), "bad_keys");
    publish(SinkOptions { key_recipe: None, ..options }, Files::local(), 100, 100, Text::View).unwrap();
    assert_eq!(Keys::open(&Files::local(), dir.path(), &Cancel::default()).err().unwrap().code(), "no_keys");
}

#[test]
fn invalid_options_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let good = options(dir.path(), rows(0, 1, Text::View).schema());
    let bad = [
        SinkOptions { formats: vec![], ..good.clone() },
        SinkOptions { formats: vec![Format::Arrow, Format::Arrow], ..good.clone() },
        SinkOptions { shard_bytes: 0, ..good.clone() },
        SinkOptions { split_names: vec![], ..good.clone() },
        SinkOptions { split_names: vec!["../train".into()], ..good.clone() },
        SinkOptions { split_names: vec!["a".into(), "a".into()], ..good },
    ];
    for options in bad {
        assert_eq!(ShardSink::open(options, Files::local()).err().unwrap().code(), "bad_sink");
    }
}

#[test]
fn collect_keeps_types_and_leaves_out_hidden_columns() {
    let mut collect = Collect::new(vec!["train".into(), "valid".into()]);
    push(&mut collect, batch(rows(0, 3, Text::View), 0)).unwrap();
    push(&mut collect, batch(rows(3, 3, Text::View), 3)).unwrap();
    let batches = collect.into_batches();
    assert_eq!(batches.len(), 1);
    let names: Vec<&str> = batches[0].schema_ref().fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(names, ["prompt", "n", "input_ids", "labels", "split"]);
    assert_eq!(*batches[0].column(0).data_type(), DataType::Utf8View);
}
