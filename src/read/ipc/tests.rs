use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Int32Array, Int64Array, ListArray, NullArray, RecordBatch, StringArray,
    StringViewArray,
};
use arrow::datatypes::{Int32Type, Schema};
use arrow::ipc::writer::{DictionaryHandling, FileWriter, IpcWriteOptions, StreamWriter};
use arrow::ipc::{CompressionType, MetadataVersion};

use super::format::Ipc;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::read::file_format::{FileFormat, FileHead, ScanRequest};
use crate::read::parts::Part;
use crate::read::testing::{gzip, local};
use crate::read::{ColumnKind, InputFile, Limits, ReadColumn};
use crate::record::json;
use crate::report::StepCounts;

/// Rows with text in several layouts, numbers, lists and nulls.
fn records(from: i64, rows: i64) -> RecordBatch {
    let numbers = || from..from + rows;
    let text = |i: i64| (i % 7 != 0).then(|| format!("text number {i} {}", "é".repeat(i as usize % 40)));
    let words = numbers().map(|i| (i % 5 != 0).then_some(i as i32 % 3)).collect::<Int32Array>();
    let words = DictionaryArray::new(words, Arc::new(StringArray::from(vec!["red", "green", "blue"])));
    let lists = numbers().map(|i| (i % 4 != 0).then(|| (0..i as i32 % 6).map(Some).collect::<Vec<_>>()));
    let columns: [(&str, ArrayRef); 6] = [
        ("n", Arc::new(Int64Array::from_iter_values(numbers()))),
        ("t", Arc::new(StringArray::from_iter(numbers().map(text)))),
        ("v", Arc::new(StringViewArray::from_iter(numbers().map(text)))),
        ("d", Arc::new(words)),
        ("l", Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists))),
        ("z", Arc::new(NullArray::new(rows as usize))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn options(alignment: usize, compression: Option<CompressionType>) -> IpcWriteOptions {
    IpcWriteOptions::try_new(alignment, false, MetadataVersion::V5)
        .unwrap()
        .try_with_compression(compression)
        .unwrap()
        .with_dictionary_handling(DictionaryHandling::Delta)
}

fn file(batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let mut writer = FileWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

fn stream(batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

fn stored(folder: &Path, name: &str, bytes: &[u8]) -> InputFile {
    let path = folder.join(name);
    std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    local(path, name)
}

/// File, row and JSON of every row of these columns, or of all.
fn rows(
    files: &[InputFile],
    columns: Option<&[&str]>,
    part: Option<&Part>,
    limits: Limits,
) -> Result<Vec<(u32, u64, String)>> {
    let cancel = Cancel::default();
    let known = Ipc {}.columns(files, &cancel)?;
    let all = known.names();
    let names = columns.map_or_else(|| all.iter().map(String::as_str).collect(), <[&str]>::to_vec);
    let columns: Vec<ReadColumn> =
        names.iter().map(|name| ReadColumn::new(*name, ColumnKind::Json)).collect();
    let request =
        ScanRequest { files, part, known: &known, columns: &columns, first_file: 0, limits, cancel: &cancel };
    let mut opened = Ipc {}.open(&request)?;
    let (mut out, mut counts) = (Vec::new(), StepCounts::default());
    while let Some(chunk) = opened.scan.next()? {
        let batch = chunk.decode(&mut counts)?;
        for i in 0..batch.rows() {
            let place = batch.places.at(i);
            out.push((place.file, place.row, json::row(&batch.records, i)));
        }
    }
    let inputs = opened.inputs.list(&cancel)?;
    for (input, file) in inputs.iter().zip(files) {
        let checksum = |bytes: &[u8]| {
            let mut sum = crate::hash::Checksum::default();
            sum.update(bytes);
            sum.hex()
        };
        assert_eq!(input.xxh3, Some(checksum(&std::fs::read(&file.path).unwrap())));
    }
    Ok(out)
}

fn expected(batches: &[RecordBatch]) -> Vec<(u32, u64, String)> {
    let all = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|i| json::row(batch, i)));
    (0..).zip(all).map(|(row, json)| (0, row, json)).collect()
}

#[test]
fn every_form_of_a_file_has_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let batches = [records(0, 90), records(90, 0), records(90, 1), records(91, 40)];
    let expected = expected(&batches);
    for compression in [None, Some(CompressionType::LZ4_FRAME), Some(CompressionType::ZSTD)] {
        for alignment in [8, 64] {
            for (form, bytes) in [
                ("file", file(&batches, options(alignment, compression))),
                ("stream", stream(&batches, options(alignment, compression))),
            ] {
                for (end, bytes) in [("", bytes.clone()), (".gz", gzip(&bytes)), (".zst", zstd(&bytes))] {
                    let file = [stored(folder.path(), "x", &bytes)];
                    if end.is_empty() {
                        let head = FileHead { name: "x", bytes: &bytes, is_whole: true };
                        assert!(Ipc {}.recognises(&head), "{form}");
                    }
                    for (batch_rows, batch_bytes) in
                        [(1, 1 << 20), (3, 1 << 20), (1_000, 1 << 20), (1_000, 64)]
                    {
                        let limits = Limits { batch_rows, batch_bytes, ..Limits::default() };
                        let found = rows(&file, None, None, limits).unwrap();
                        assert!(found == expected, "{form}{end}, {compression:?}, {alignment}, {batch_rows}");
                    }
                    let few = rows(&file, Some(&["d", "n"]), None, Limits::default()).unwrap();
                    assert_eq!(few.len(), 131);
                    assert_eq!(few[4].2, r#"{"d":"green","n":4}"#);
                    assert_eq!(rows(&file, Some(&[]), None, Limits::default()).unwrap().len(), 131);
                    let parts = Ipc {}.parts(&file, 1, &Cancel::default()).unwrap();
                    assert_eq!(parts.len(), if form == "file" && end.is_empty() { 4 } else { 1 });
                    let apart = parts
                        .iter()
                        .flat_map(|part| rows(&file, None, Some(part), Limits::default()).unwrap());
                    assert!(apart.collect::<Vec<_>>() == expected);
                }
            }
        }
    }
}

#[test]
fn files_are_read_in_order_with_the_columns_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let one = records(0, 3).project(&[0, 3]).unwrap();
    let two: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
    let two = RecordBatch::try_from_iter([("d", two)]).unwrap();
    let files = [
        stored(folder.path(), "a", &file(&[one], options(8, None))),
        stored(folder.path(), "b", &stream(&[two], options(8, None))),
    ];
    let found = rows(&files, None, None, Limits::default()).unwrap();
    assert_eq!(
        found.iter().map(|(file, row, _)| (*file, *row)).collect::<Vec<_>>(),
        [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    );
    assert_eq!(found[1].2, r#"{"n":1,"d":"green"}"#);
    assert_eq!(found[4].2, r#"{"n":null,"d":"y"}"#);
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let other = RecordBatch::try_from_iter([("d", numbers)]).unwrap();
    let other = [files[0].clone(), stored(folder.path(), "c", &file(&[other], options(8, None)))];
    assert_eq!(Ipc {}.columns(&other, &Cancel::default()).unwrap_err().code(), "schema_mismatch");
}

fn small() -> [RecordBatch; 2] {
    [records(1, 3), records(4, 2)]
}

#[test]
fn a_file_that_was_cut_off_is_an_error_with_the_place() {
    let folder = tempfile::tempdir().unwrap();
    for compression in [None, Some(CompressionType::ZSTD)] {
        for bytes in [file(&small(), options(8, compression)), stream(&small(), options(8, compression))] {
            for length in 0..bytes.len() {
                let file = [stored(folder.path(), "x", &bytes[..length])];
                let e = rows(&file, None, None, Limits::default()).unwrap_err();
                assert_eq!(e.code(), "corrupt_ipc", "{length}: {e}");
                assert!(e.get_help().is_some() && e.get_path().is_some());
                if length % 16 > 0 {
                    continue;
                }
                let zipped = [stored(folder.path(), "x", &gzip(&bytes[..length]))];
                let e = rows(&zipped, None, None, Limits::default()).unwrap_err();
                assert_eq!(e.code(), "corrupt_ipc", "{length}: {e}");
            }
        }
    }
    let bytes = file(&[records(0, 50), records(50, 50)], options(8, None));
    let cut = [stored(folder.path(), "x", &bytes[..bytes.len() * 3 / 4])];
    let e = rows(&cut, None, None, Limits::default()).unwrap_err();
    assert!(format!("{e:?}").contains("at record batch 1: it ends within a message"), "{e:?}");
}

#[test]
fn dictionaries_that_grow_or_change_hold_for_the_record_batches_after_them() {
    let folder = tempfile::tempdir().unwrap();
    let batch = |words: &[&str]| {
        let words: ArrayRef = Arc::new(words.iter().copied().collect::<DictionaryArray<Int32Type>>());
        RecordBatch::try_from_iter([("d", words)]).unwrap()
    };
    let batches = [batch(&["a", "b"]), batch(&["a", "b", "c"]), batch(&["d", "a"])];
    let grows = file(&batches[..2], options(8, None));
    assert_eq!(
        rows(&[stored(folder.path(), "x", &grows)], None, None, Limits::default()).unwrap(),
        expected(&batches[..2])
    );
    let changes = stream(&batches, options(8, None));
    assert_eq!(
        rows(&[stored(folder.path(), "x", &changes)], None, None, Limits::default()).unwrap(),
        expected(&batches)
    );
}

#[test]
fn what_follows_the_end_of_a_stream_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let one = stream(&small(), options(8, None));
    let two = [stored(folder.path(), "x", &[one.clone(), one].concat())];
    let e = rows(&two, None, None, Limits::default()).unwrap_err();
    assert!(format!("{e:?}").contains("bytes follow its end marker"), "{e:?}");
}

/// A value that is flipped in a buffer cannot be noticed; everything else is an error, or has as many rows.
#[test]
fn a_flipped_bit_is_an_error_or_changes_a_value() {
    let folder = tempfile::tempdir().unwrap();
    for compression in [None, Some(CompressionType::LZ4_FRAME), Some(CompressionType::ZSTD)] {
        for bytes in [file(&small(), options(8, compression)), stream(&small(), options(8, compression))] {
            for bit in (0..bytes.len() * 8).step_by(if compression.is_none() { 3 } else { 11 }) {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let files = [stored(folder.path(), "x", &flipped)];
                match rows(&files, None, None, Limits::default()) {
                    Ok(found) => assert_eq!(found.len(), 5, "bit {bit}"),
                    Err(e) => assert!(e.code() != "internal", "bit {bit}: {e}"),
                }
            }
        }
    }
}

#[test]
fn other_files_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&[u8], &str); 6] = [
        (b"", "corrupt_ipc"),
        (b"{\"a\":1}\n", "corrupt_ipc"),
        (b"FEA1....", "unsupported_format"),
        (b"PAR1....PAR1", "corrupt_ipc"),
        (b"\xff\xff\xff\xff\0\0\0\0", "corrupt_ipc"),
        (b"\xff\xff\xff\x7f\0\0\0\0", "corrupt_ipc"),
    ];
    for (bytes, code) in cases {
        let file = [stored(folder.path(), "x", bytes)];
        assert_eq!(Ipc {}.columns(&file, &Cancel::default()).unwrap_err().code(), code, "{bytes:?}");
        let head = FileHead { name: "x", bytes, is_whole: true };
        assert!(!Ipc {}.recognises(&head) || bytes[0] == 0xff, "{bytes:?}");
    }
}

#[test]
fn a_schema_without_columns_keeps_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let options = || options(8, None);
    let count = arrow::array::RecordBatchOptions::new().with_row_count(Some(3));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &count).unwrap();
    let batches = [batch];
    for bytes in [file(&batches, options()), stream(&batches, options())] {
        let file = [stored(folder.path(), "x", &bytes)];
        assert_eq!(rows(&file, None, None, Limits::default()).unwrap().len(), 3);
    }
}
