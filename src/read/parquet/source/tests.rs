use std::collections::HashMap;
use std::fs::File as StdFile;
use std::path::Path;

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, Int64Array, LargeStringArray, RecordBatch, StringArray, StructArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::super::footer::schema;
use super::*;
use crate::cancel::Cancel;
use crate::read::testing::local;
use crate::read::typed_columns::select;
use crate::record::schema::{is_json, json};
use crate::testing::{shared_data, untar};

fn write(folder: &tempfile::TempDir, name: &str, records: &RecordBatch, group_rows: usize) -> InputFile {
    let path = folder.path().join(name);
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group_rows)).build();
    let mut writer =
        ArrowWriter::try_new(StdFile::create(&path).unwrap(), records.schema(), Some(properties)).unwrap();
    writer.write(records).unwrap();
    writer.close().unwrap();
    local(path, name)
}

fn records(from: i64, rows: i64) -> RecordBatch {
    let text = |i: i64| (i % 7 != 0).then(|| format!("text number {i} {}", "x".repeat(i as usize % 40)));
    let columns: [(&str, ArrayRef); 3] = [
        ("n", Arc::new(Int64Array::from_iter_values(from..from + rows))),
        ("t", Arc::new(StringArray::from_iter((from..from + rows).map(text)))),
        (
            "deep",
            Arc::new(StructArray::from(vec![(
                Arc::new(Field::new("x", DataType::Int32, true)),
                Arc::new(Int32Array::from_iter_values((from..from + rows).map(|i| i as i32))) as ArrayRef,
            )])),
        ),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// A source of these columns, or of all.
fn source(files: Vec<InputFile>, columns: Option<&[String]>, limits: Limits) -> Result<ParquetSource> {
    let all = schema(&files, &Cancel::default())?;
    let wanted = columns.map_or(Ok(all.clone()), |columns| select(&all, columns, "scan_parquet"))?;
    Ok(ParquetSource::new(files, wanted, limits))
}

/// File, row and JSON of every row; checks the size and the schema of chunks.
fn rows(mut source: ParquetSource, limits: Limits) -> Result<Vec<(u32, u64, String)>> {
    let mut out = Vec::new();
    while let Some(Records { file, first_row, rows: records }) = source.next()? {
        assert!((1..=limits.batch_rows).contains(&records.num_rows()));
        assert_eq!(records.schema(), source.schema);
        for i in 0..records.num_rows() {
            out.push((file, first_row + i as u64, crate::record::json::row(&records, i)));
        }
    }
    Ok(out)
}

#[test]
fn rows_are_read_as_written_for_any_batch_size() {
    let folder = tempfile::tempdir().unwrap();
    let files = vec![
        write(&folder, "a", &records(0, 250), 100),
        write(&folder, "b", &records(0, 0), 9),
        write(&folder, "c", &records(250, 30), 7),
    ];
    let whole = records(0, 280);
    let expected: Vec<_> = (0..280)
        .map(|i| {
            let (file, row) = if i < 250 { (0, i) } else { (2, i - 250) };
            (file, row as u64, crate::record::json::row(&whole, i))
        })
        .collect();
    for (batch_rows, batch_bytes) in [(1, 1 << 20), (3, 1 << 20), (1000, 1 << 20), (1000, 300)] {
        let limits = Limits { batch_rows, batch_bytes, ..Limits::default() };
        let source = source(files.clone(), None, limits).unwrap();
        let inputs = source.inputs();
        assert_eq!(rows(source, limits).unwrap(), expected);
        let listed = inputs.list(&Cancel::default()).unwrap();
        assert_eq!(listed.iter().map(|i| i.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(listed[0].bytes, std::fs::metadata(&files[0].path).unwrap().len());
        assert!(listed.iter().all(|i| i.xxh3.is_some()));
    }
}

/// Writes a row group of many small pages, whose columns have pages of different numbers of rows.
fn write_pages(folder: &tempfile::TempDir, name: &str, records: &RecordBatch, indexed: bool) -> InputFile {
    let path = folder.path().join(name);
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_data_page_size_limit(512)
        .set_write_batch_size(8)
        .set_offset_index_disabled(!indexed)
        .set_statistics_enabled(EnabledStatistics::None)
        .build();
    let mut writer =
        ArrowWriter::try_new(StdFile::create(&path).unwrap(), records.schema(), Some(properties)).unwrap();
    writer.write(records).unwrap();
    writer.close().unwrap();
    local(&path, name)
}

/// The places where sections of the files begin: number of the file, lane, row.
fn starts(files: &[InputFile]) -> Vec<(usize, usize, u64)> {
    let mut source = source(files.to_vec(), None, Limits::default()).unwrap();
    while source.add_section() {}
    let sections = source.lanes.iter().flat_map(|lane| &lane.sections);
    sections.map(|section| (section.file, section.lane, section.first_row)).collect()
}

#[test]
fn sections_begin_at_pages_of_their_lane() {
    let folder = tempfile::tempdir().unwrap();
    let whole = records(0, 3000);
    let files =
        [true, false].map(|indexed| write_pages(&folder, &format!("indexed {indexed}"), &whole, indexed));
    let footer = Footer::read(&files[0]).unwrap();
    let pages = footer.pages(&files[0].path).unwrap();
    assert!(Footer::read(&files[1]).unwrap().pages(&files[1].path).is_none());
    let starts = starts(&files);
    let rows_of = |file, lane| starts.iter().filter(move |s| (s.0, s.1) == (file, lane)).map(|s| s.2);
    for (lane, pages) in pages[0].iter().enumerate() {
        let in_pages: Vec<i64> = pages.page_locations().iter().map(|page| page.first_row_index).collect();
        assert!(rows_of(0, lane).count() > 4, "lane {lane} has few sections");
        assert!(rows_of(0, lane).all(|row| in_pages.contains(&(row as i64))));
        assert!(rows_of(1, lane).count() < rows_of(0, lane).count());
    }
    assert_ne!(rows_of(0, 0).count(), rows_of(0, 1).count());
    let limits = Limits { batch_rows: 70, ..Limits::default() };
    let found = rows(source(files.to_vec(), None, limits).unwrap(), limits).unwrap();
    for number in 0..2 {
        for i in 0..3000 {
            let row = (number, i as u64, crate::record::json::row(&whole, i));
            assert_eq!(found[number as usize * 3000 + i], row);
        }
    }
}

#[test]
fn a_wrong_page_index_changes_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_pages(&folder, "pages", &records(0, 600), true);
    let limits = Limits::default();
    let expected = rows(source(vec![file.clone()], None, limits).unwrap(), limits).unwrap();
    let footer = Footer::read(&file).unwrap();
    let ranges = footer.metadata.row_group(0).columns().iter().map(|column| {
        let start = column.offset_index_offset().unwrap() as usize;
        start..start + column.offset_index_length().unwrap() as usize
    });
    let ranges: Vec<_> = ranges.collect();
    let bytes = std::fs::read(&file.path).unwrap();
    let sound = starts(std::slice::from_ref(&file));
    let mut other = 0;
    for at in ranges.into_iter().flat_map(|range| range.step_by(3)) {
        for change in [1, 2, 0x55, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= change;
            std::fs::write(&file.path, changed).unwrap();
            other += usize::from(starts(std::slice::from_ref(&file)) != sound);
            let found = rows(source(vec![file.clone()], None, limits).unwrap(), limits).unwrap();
            assert_eq!(found, expected, "byte {at} ^ {change}");
        }
    }
    assert!(other > 10, "the sections began elsewhere only {other} times");
}

#[test]
fn many_columns_share_lanes() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..21).map(|i| format!("column {i}")).collect();
    let column = |i: usize| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..900).map(|row| format!("{row} of {i}").repeat(1 + i))))
    };
    let whole =
        RecordBatch::try_from_iter(names.iter().enumerate().map(|(i, name)| (name, column(i)))).unwrap();
    // The second file lacks columns, and has the others in another order.
    let part = whole.project(&[20, 3, 2, 11]).unwrap();
    let files = vec![write_pages(&folder, "a", &whole, true), write_pages(&folder, "b", &part, true)];
    let limits = Limits::default();
    let source = source(files, None, limits).unwrap();
    assert_eq!(source.lanes.len(), 7);
    let found = rows(source, limits).unwrap();
    assert_eq!(found.len(), 1800);
    for i in 0..900 {
        assert_eq!(found[i].2, crate::record::json::row(&whole, i));
        let other: serde_json::Value = serde_json::from_str(&found[900 + i].2).unwrap();
        for (k, name) in names.iter().enumerate() {
            let value = part.column_by_name(name).map(|_| format!("{i} of {k}").repeat(1 + k));
            assert_eq!(other[name], serde_json::json!(value));
        }
    }
}

#[test]
fn rows_are_the_same_while_others_decode_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<_> =
        (0..5).map(|i| write(&folder, &i.to_string(), &records(i * 3000, 3000), 1300)).collect();
    let limits = Limits { batch_rows: 50, ..Limits::default() };
    let alone = rows(source(files.clone(), None, limits).unwrap(), limits).unwrap();
    let source = source(files, None, limits).unwrap();
    let (ahead, ended) = (source.ahead().unwrap(), std::sync::atomic::AtomicBool::new(false));
    let worked = std::sync::atomic::AtomicUsize::new(0);
    let order = std::sync::atomic::Ordering::Relaxed;
    let together = std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !ended.load(order) {
                    worked.fetch_add(usize::from(ahead.work()), order);
                }
            });
        }
        let mut source = source;
        source.add_sections();
        while worked.load(order) == 0 {
            std::thread::yield_now();
        }
        let together = rows(source, limits);
        ended.store(true, order);
        together
    });
    assert_eq!(together.unwrap(), alone);
    assert_eq!(alone.len(), 15_000);
    assert!(!ahead.work(), "nothing is left");
}

#[test]
fn an_error_is_returned_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<_> = (0..3).map(|i| write(&folder, &i.to_string(), &records(i * 100, 100), 100)).collect();
    let mut source = source(files.clone(), None, Limits::default()).unwrap();
    std::fs::write(&files[1].path, b"no Parquet").unwrap();
    source.add_sections();
    let ahead = source.ahead().unwrap();
    while ahead.work() {}
    let mut read = 0;
    let e = loop {
        match source.next() {
            Ok(Some(rows)) => read += rows.rows.num_rows(),
            Ok(None) => panic!("the damaged file was left out"),
            Err(e) => break e,
        }
    };
    assert_eq!((read, e.code()), (100, "corrupt_parquet"));
}

#[test]
fn batches_have_about_the_requested_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let files = vec![write(&folder, "a", &records(0, 5000), 5000)];
    let limits = Limits { batch_bytes: 10_000, ..Limits::default() };
    let mut source = source(files, Some(&["t".into()]), limits).unwrap();
    let mut batches = 0;
    while let Some(Records { rows: records, .. }) = source.next().unwrap() {
        assert!(records.num_rows() < 1000);
        batches += 1;
    }
    assert!(batches > 10);
}

#[test]
fn columns_are_read_in_the_requested_order() {
    let folder = tempfile::tempdir().unwrap();
    let files = vec![write(&folder, "a", &records(0, 10), 4)];
    let limits = Limits::default();
    let columns = ["t".to_string(), "n".to_string()];
    let found = rows(source(files.clone(), Some(&columns), limits).unwrap(), limits).unwrap();
    assert_eq!(found[1].2, r#"{"t":"text number 1 x","n":1}"#);
    let none = rows(source(files.clone(), Some(&[]), limits).unwrap(), limits).unwrap();
    assert_eq!((none.len(), none[0].2.as_str()), (10, "{}"));
    let e = source(files, Some(&["T".into()]), limits).map(|_| ()).unwrap_err();
    assert_eq!((e.code(), e.get_column()), ("missing_column", Some("T")));
}

#[test]
fn strings_of_any_kind_are_views_and_json_stays_json() {
    let folder = tempfile::tempdir().unwrap();
    let large: ArrayRef = Arc::new(LargeStringArray::from(vec!["[1]"]));
    let dictionary: ArrayRef =
        Arc::new(arrow::array::DictionaryArray::<arrow::datatypes::Int8Type>::from_iter(["d"]));
    let noise = HashMap::from([("note".to_string(), "mine".to_string())]);
    let schema = Schema::new(vec![
        json("j").with_data_type(DataType::LargeUtf8),
        Field::new("d", dictionary.data_type().clone(), false).with_metadata(noise),
    ]);
    let records = RecordBatch::try_new(Arc::new(schema), vec![large, dictionary]).unwrap();
    let files = vec![write(&folder, "a", &records, 4)];
    let mut source = source(files, None, Limits::default()).unwrap();
    let read = source.next().unwrap().unwrap().rows;
    assert!(is_json(read.schema_ref().field(0)) && read.schema_ref().field(1).metadata().is_empty());
    assert_eq!(read.column(0).as_string_view().value(0), "[1]");
    assert_eq!(read.column(1).as_string_view().value(0), "d");
}

#[test]
fn columns_that_differ_between_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let first = write(&folder, "first", &records(0, 3), 4);
    let n: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let whole = records(3, 2);
    let files = [first.clone(), write(&folder, "other", &RecordBatch::try_from_iter([("n", n)]).unwrap(), 4)];
    let e = schema(&files, &Cancel::default()).unwrap_err();
    assert!(e.message().contains("`n` is Int32 here and Int64 in first"), "{e}");
    assert_eq!(
        (e.code(), e.get_path()),
        ("schema_mismatch", Some(files[1].path.display().to_string().as_str()))
    );
    // The order of columns does not matter.
    let reordered = write(&folder, "reordered", &whole.project(&[2, 1, 0]).unwrap(), 4);
    let found =
        rows(source(vec![first, reordered], None, Limits::default()).unwrap(), Limits::default()).unwrap();
    assert_eq!(found[4].2, crate::record::json::row(&whole, 1));
}

/// Reads to the end or an error; never panics.
fn outcome(path: &Path) -> &'static str {
    let file = local(path, "x");
    let limits = Limits::default();
    let read = source(vec![file], None, limits).and_then(|mut source| {
        while source.next()?.is_some() {}
        Ok(())
    });
    read.map_or_else(|e| e.code(), |()| "rows")
}

#[test]
fn damaged_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let good = write(&folder, "good", &records(0, 200), 50);
    let bytes = std::fs::read(&good.path).unwrap();
    let path = folder.path().join("bad");
    for cut in (0..bytes.len()).step_by(97) {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        assert_eq!(outcome(&path), "corrupt_parquet");
        let mut flipped = bytes.clone();
        flipped[cut] ^= 0x55;
        std::fs::write(&path, &flipped).unwrap();
        assert!(["corrupt_parquet", "rows"].contains(&outcome(&path)));
    }
    assert_eq!(outcome(&folder.path().join("gone")), "vanished");
}

#[test]
fn hostile_files_are_errors_or_rows() {
    let Some(archive) = shared_data("adversarial/parquet-testing.tar.gz") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let mut seen = [0, 0];
    for (name, bytes) in untar(&archive) {
        // The large map is valid but slow: its strings add up to 2 GiB.
        if !(name.ends_with(".parquet") || name.ends_with(".encrypted")) || name.contains("large_string_map")
        {
            continue;
        }
        std::fs::write(&path, bytes).unwrap();
        let outcome = outcome(&path);
        println!("{name}: {outcome}");
        assert!(["corrupt_parquet", "rows"].contains(&outcome), "{name}: {outcome}");
        seen[usize::from(name.contains("bad_data"))] += 1;
    }
    assert!(seen[0] > 20 && seen[1] > 3, "{seen:?}");
}
