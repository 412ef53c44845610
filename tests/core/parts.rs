//! The rows of all parts of a source are the rows of the source, at the same places.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use fastprep::cancel::Cancel;
use fastprep::flow::Scan;
use fastprep::plan::SourceSpec;
use fastprep::plan::source::ResolvedSource;
use fastprep::read::csv::format::Csv;
use fastprep::read::ipc::format::Ipc;
use fastprep::read::json_array::format::JsonArray;
use fastprep::read::jsonl::format::JsonLines;
use fastprep::read::parquet::format::Parquet;
use fastprep::read::parts::{Extent, Part};
use fastprep::read::{ColumnKind, Limits, ReadColumn};
use fastprep::store::{Faults, Files};

use crate::support::{ONE_THREAD, chain, inputs, lines, run, scan};

const BYTES: [u64; 5] = [1, 7, 100, 10_000, u64::MAX];
const LIMITS: Limits = Limits { batch_bytes: 300, batch_rows: 5, max_line_bytes: 400 };

/// Each row and each reject with its place, as text.
fn all(mut scan: Box<dyn Scan>) -> Vec<String> {
    let (mut rows, mut rejects) = (Vec::new(), Vec::new());
    while let Some(chunk) = scan.next().unwrap() {
        let batch = chunk.decode(&mut Default::default()).unwrap();
        for i in 0..batch.records.num_rows() {
            let columns = batch.records.slice(i, 1);
            let text = batch.places.text_of(i).map(String::from_utf8_lossy);
            rows.push(format!("{:?} {text:?} {:?}", batch.places.at(i), columns.columns()));
        }
        rejects.extend(batch.rejects.iter().map(|reject| format!("{reject:?}")));
    }
    rows.append(&mut rejects);
    rows
}

fn found(spec: &SourceSpec, store: &Files) -> (ResolvedSource, Vec<ReadColumn>) {
    let found = spec.resolve(store, &Cancel::default()).unwrap();
    let columns = found.columns.iter();
    let columns = columns.map(|c| ReadColumn::new(c.name.clone(), ColumnKind::Json)).collect();
    (found, columns)
}

/// Compares the parts of a source with the whole, for several sizes of parts; returns the number of parts for each
/// size.
pub fn same(spec: &SourceSpec, what: &str) -> [usize; BYTES.len()] {
    let cancel = Cancel::default();
    let (found, columns) = found(spec, &Files::local());
    let mut whole = all(found.open(&columns, LIMITS, true, &cancel).unwrap().scan);
    whole.sort();
    BYTES.map(|bytes| {
        let parts = found.parts(bytes, &cancel).unwrap();
        let mut rows = Vec::new();
        for part in &parts {
            let opened = found.open_part(part, &columns, LIMITS, &cancel).unwrap();
            rows.append(&mut all(opened.scan));
            if bytes < 10_000 {
                continue;
            }
            // Inputs that were read in part have the checksum of the whole file.
            assert!(opened.inputs.list(&cancel).unwrap().iter().all(|input| input.xxh3.is_some()));
        }
        let order: Vec<(u32, u64)> = parts.iter().map(start).collect();
        assert!(order.is_sorted(), "{what}, {bytes}: {parts:?}");
        rows.sort();
        assert!(rows == whole, "{what}, parts of {bytes} bytes:\n{}", difference(&rows, &whole));
        parts.len()
    })
}

fn start(part: &Part) -> (u32, u64) {
    match &part.extent {
        Extent::Whole => (part.file, 0),
        Extent::Bytes(bytes) => (part.file, bytes.start),
        Extent::RowGroups(groups) => (part.file, groups.start as u64),
        Extent::RecordBatches(batches) => (part.file, batches.start as u64),
    }
}

fn difference(rows: &[String], whole: &[String]) -> String {
    let at = (0..).find(|&i| rows.get(i) != whole.get(i)).unwrap();
    format!("{:?}\n{:?}", rows.get(at), whole.get(at))
}

fn jsonl(inputs: Vec<PathBuf>) -> SourceSpec {
    SourceSpec::Files { format: Arc::new(JsonLines { max_line_bytes: 400 }), inputs }
}

#[test]
fn lines_belong_to_the_part_in_which_they_begin() {
    let dir = tempfile::tempdir().unwrap();
    let row = |i: usize| format!("{{\"n\":{i},\"t\":\"{}\"}}", "ü".repeat(i % 50));
    let rows = |end: &str| (0..60).map(|i| row(i) + end).collect::<String>();
    let long = format!("{{\"n\":1,\"t\":\"{}\"}}\n", "x".repeat(2_000));
    let cases = [
        ("line feeds", rows("\n")),
        ("carriage returns", rows("\r\n")),
        ("no last line end", rows("\n") + &row(9)),
        ("blank lines", format!("\n\n{}\n \r\n\n", rows("\n\n"))),
        ("a BOM", format!("\u{feff}{}", rows("\n"))),
        ("a BOM and a blank line", format!("\u{feff}\n{}", rows("\n"))),
        ("only a BOM", "\u{feff}".into()),
        ("long lines", format!("{}{long}{}{long}{long}", row(3) + "\n", rows("\n"))),
        ("a long last line without an end", rows("\n") + long.trim_end()),
        ("bad lines", lines(0, 60)),
        ("one line", row(20)),
        ("signatures within", format!("{}BZh\nPAR1\n\u{1f}\u{8b}\n", rows("\n"))),
        ("line ends alone", "\n".repeat(30)),
        ("nothing", String::new()),
    ];
    for (what, text) in &cases {
        let path = dir.path().join("a.jsonl");
        fs::write(&path, text).unwrap();
        let parts = same(&jsonl(vec![path]), what);
        assert_eq!(parts[0], text.len().max(1), "{what}: one for each byte");
        assert_eq!(parts[4], 1, "{what}");
    }
    for (i, (_, text)) in cases.iter().enumerate() {
        fs::write(dir.path().join(format!("{i:02}.jsonl")), text).unwrap();
    }
    let gzip = |text: &str| {
        let mut file = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        file.finish().unwrap()
    };
    fs::write(dir.path().join("05a.jsonl.gz"), gzip(&rows("\n"))).unwrap();
    let parts = same(&jsonl(vec![dir.path().to_path_buf()]), "all cases, and a compressed file");
    assert_eq!(parts[4], cases.len() + 2);
}

#[test]
fn parquet_is_cut_between_row_groups() {
    let dir = tempfile::tempdir().unwrap();
    for (name, rows, group) in [("a", 35, 10), ("b", 0, 10), ("c", 4, 10), ("d", 40, 1)] {
        write_parquet(&dir.path().join(format!("{name}.parquet")), rows, group);
    }
    let parts = same(
        &SourceSpec::Files { format: Arc::new(Parquet {}), inputs: vec![dir.path().to_path_buf()] },
        "Parquet",
    );
    assert_eq!((parts[0], parts[4]), (4 + 1 + 1 + 40, 4));
}

#[test]
fn each_csv_file_is_one_part() {
    let dir = tempfile::tempdir().unwrap();
    let records = |i: usize| format!("{i},\"{}\n\"\"\",\n", "ü".repeat(i));
    let text = format!("n,t,e\n{}\n{}1\n", (0..60).map(records).collect::<String>(), records(7));
    for name in ["a.csv", "b.csv", "c.csv"] {
        fs::write(dir.path().join(name), if name == "b.csv" { "" } else { &text }).unwrap();
    }
    let spec = SourceSpec::Files { format: Arc::new(Csv::new(400)), inputs: vec![dir.path().to_path_buf()] };
    assert_eq!(same(&spec, "CSV"), [3; BYTES.len()]);
}

fn numbers_and_text(rows: i64) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let text: ArrayRef =
        Arc::new(StringArray::from_iter((0..rows).map(|i| (i % 5 > 0).then(|| "x".repeat(i as usize)))));
    RecordBatch::try_from_iter_with_nullable([("n", numbers, false), ("t", text, true)]).unwrap()
}

fn write_parquet(path: &Path, rows: i64, group: usize) {
    let records = numbers_and_text(rows);
    let properties = parquet::file::properties::WriterProperties::builder();
    let properties = properties.set_max_row_group_row_count(Some(group)).build();
    let file = File::create(path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, records.schema(), Some(properties)).unwrap();
    writer.write(&records).unwrap();
    writer.close().unwrap();
}

#[test]
fn a_file_with_an_array_is_one_part() {
    let dir = tempfile::tempdir().unwrap();
    let element = |i: usize| format!("{{\"n\": {i},\n  \"t\": \"{}\"}}", "ü".repeat(i * 7 % 250));
    for (name, rows) in [("a", 0), ("b", 1), ("c", 60)] {
        let elements: Vec<String> = (0..rows).map(element).collect();
        let text = format!("[\n{},\n 7 \n]\n", elements.join(",\n")).replacen("[\n,", "[", 1);
        fs::write(dir.path().join(format!("{name}.json")), text).unwrap();
    }
    let format = Arc::new(JsonArray { max_line_bytes: 400 });
    let parts = same(&SourceSpec::Files { format, inputs: vec![dir.path().to_path_buf()] }, "arrays");
    assert_eq!(parts, [3; BYTES.len()]);
}

#[test]
fn arrow_files_are_cut_between_record_batches() {
    let dir = tempfile::tempdir().unwrap();
    for (name, rows, batch) in
        [("a.arrow", 35, 10), ("b.arrow", 0, 10), ("c.arrows", 25, 4), ("d.arrow", 40, 1)]
    {
        let records = numbers_and_text(rows);
        let file = File::create(dir.path().join(name)).unwrap();
        let batches =
            (0..rows as usize).step_by(batch).map(|i| records.slice(i, batch.min(rows as usize - i)));
        if name.ends_with('s') {
            let mut writer = arrow::ipc::writer::StreamWriter::try_new(file, &records.schema()).unwrap();
            batches.for_each(|batch| writer.write(&batch).unwrap());
            writer.finish().unwrap();
        } else {
            let mut writer = arrow::ipc::writer::FileWriter::try_new(file, &records.schema()).unwrap();
            batches.for_each(|batch| writer.write(&batch).unwrap());
            writer.finish().unwrap();
        }
    }
    let spec = SourceSpec::Files { format: Arc::new(Ipc {}), inputs: vec![dir.path().to_path_buf()] };
    let parts = same(&spec, "Arrow IPC");
    assert_eq!((parts[0], parts[4]), (4 + 1 + 1 + 40, 4));
}

#[test]
fn published_shards_keep_their_splits_in_parts() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    run(&chain(scan(inputs(dir.path(), 60))), &out, ONE_THREAD, Files::local()).unwrap();
    let parts = same(&jsonl(vec![out, dir.path().join("in")]), "a published folder and two files");
    assert!(parts[1] > parts[4], "{parts:?}");
}

#[test]
fn a_part_that_cannot_be_read_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.jsonl");
    fs::write(&path, lines(0, 20)).unwrap();
    let (found, columns) = found(&jsonl(vec![path.clone()]), &Files::local());
    let part = found.parts(300, &Cancel::default()).unwrap().remove(2);
    let whole = all(found.open_part(&part, &columns, LIMITS, &Cancel::default()).unwrap().scan);
    assert!(!whole.is_empty());
    for k in 0.. {
        let faults = Faults::unreadable_at(k, std::io::ErrorKind::PermissionDenied);
        let Ok(found) = jsonl(vec![path.clone()]).resolve(&faults.files(), &Cancel::default()) else {
            continue;
        };
        let done = found.open_part(&part, &columns, LIMITS, &Cancel::default()).and_then(|mut opened| {
            while opened.scan.next()?.is_some() {}
            Ok(())
        });
        if faults.calls() <= k {
            assert!(done.is_ok());
            break;
        }
        let e = done.unwrap_err();
        assert!(e.code() == "cannot_read" && e.get_path().is_some(), "call {k}: {e}");
    }
}
