use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};

use super::format::{Csv, CsvType};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::limits::MAX_LINE_BYTES;
use crate::read::file_format::{FileFormat, ScanRequest};
use crate::read::testing::{gzip, local};
use crate::read::{ColumnKind, InputFile, Limits, ReadColumn};
use crate::record::{Batch, Place, reason};
use crate::report::StepCounts;

/// What was read: the names of columns, rows of cells as text, the place of each row, rejects, and empty lines.
#[derive(Debug, Default, PartialEq)]
struct Found {
    names: Vec<String>,
    rows: Vec<Vec<Option<String>>>,
    places: Vec<Place>,
    rejects: Vec<(&'static str, Place)>,
    blank: u64,
}

fn cell(batch: &Batch, column: usize, row: usize) -> Option<String> {
    let array = batch.records.column(column);
    if array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        _ => array.as_string_view().value(row).to_string(),
    })
}

fn read_files(csv: &Csv, files: &[InputFile], limits: Limits) -> Result<Found> {
    let cancel = Cancel::default();
    let decided = csv.decided(files, &cancel)?;
    let format: &dyn FileFormat = decided.as_deref().unwrap_or(csv);
    let known = format.columns(files, &cancel)?;
    let mut found = Found { names: known.names(), ..Found::default() };
    let kind = |name: &String| match csv.schema.contains_key(name) {
        true => ColumnKind::Json,
        false => ColumnKind::Text,
    };
    let columns: Vec<ReadColumn> =
        found.names.iter().map(|name| ReadColumn::new(name.clone(), kind(name))).collect();
    let request = ScanRequest {
        files,
        part: None,
        known: &known,
        columns: &columns,
        first_file: 0,
        limits,
        cancel: &cancel,
    };
    let (mut scan, mut counts) = (format.open(&request)?.scan, StepCounts::default());
    while let Some(chunk) = scan.next()? {
        let batch = chunk.decode(&mut counts)?;
        let last = batch.places.rows.last().map(|place| place.row);
        if let Some(last) = last {
            // The same rows again, up to each of them.
            let until = chunk.until(last).decode(&mut StepCounts::default())?;
            assert_eq!(until.records, batch.records);
            assert_eq!(until.places.at(until.rows() - 1), batch.places.at(batch.rows() - 1));
        }
        for row in 0..batch.rows() {
            found.rows.push((0..columns.len()).map(|column| cell(&batch, column, row)).collect());
            found.places.push(batch.places.at(row));
        }
        found.rejects.extend(batch.rejects.iter().map(|reject| (reject.code, reject.place)));
    }
    found.blank = counts.sums.get("blank_lines").copied().unwrap_or_default();
    Ok(found)
}

/// Reads a file of these bytes with several sizes of batches, which give the same result.
fn read(csv: &Csv, bytes: &[u8]) -> Result<Found> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, bytes).unwrap();
    let files = [local(&path, "a.csv")];
    let read = |batch_bytes, batch_rows| {
        read_files(csv, &files, Limits { batch_bytes, batch_rows, ..Limits::default() })
    };
    let whole = read(1 << 20, 1000);
    for (batch_bytes, batch_rows) in
        [(1, 1), (1, 100), (2, 2), (3, 1000), (5, 3), (7, 1000), (64, 2), (1 << 20, 1)]
    {
        match (&whole, read(batch_bytes, batch_rows)) {
            (Ok(whole), Ok(found)) => assert_eq!(found, *whole, "{batch_bytes} bytes, {batch_rows} rows"),
            (Err(whole), Err(e)) => assert_eq!(e.to_string(), whole.to_string()),
            (whole, found) => panic!("{whole:?}, with batches of {batch_bytes} bytes: {found:?}"),
        }
    }
    whole
}

fn csv() -> Csv {
    Csv::new(MAX_LINE_BYTES)
}

fn rows(text: &str) -> Vec<Vec<Option<String>>> {
    let found = read(&csv(), text.as_bytes()).unwrap();
    assert!(found.rejects.is_empty(), "{:?}", found.rejects);
    found.rows
}

fn cells(rows: &[&[Option<&str>]]) -> Vec<Vec<Option<String>>> {
    rows.iter().map(|row| row.iter().map(|cell| cell.map(String::from)).collect()).collect()
}

fn failure(csv: &Csv, bytes: &[u8]) -> Error {
    read(csv, bytes).map(|_| ()).unwrap_err()
}

#[test]
fn fields_are_read_as_rfc_4180_says() {
    let expected = cells(&[&[Some("1"), Some("x,\"y\"\r\nz")], &[None, Some("")], &[Some(" a"), None]]);
    for end in ["\n", "\r\n", "\r\r\n"] {
        for last in ["", end] {
            let text = ["a,b", "1,\"x,\"\"y\"\"\r\nz\"", ",\"\"", " a,"].join(end) + last;
            assert_eq!(rows(&text), expected, "{text:?}");
            assert_eq!(rows(&format!("\u{feff}{text}")), expected);
        }
    }
    // A quote within a field that does not begin with one is text.
    assert_eq!(rows("a,b\nx\"y\",\" z\"\n"), cells(&[&[Some("x\"y\""), Some(" z")]]));
    assert_eq!(rows("a,b\n\0,\"\0\n\"\n"), cells(&[&[Some("\0"), Some("\0\n")]]));
    let long = "\"\"".repeat(20) + "é";
    assert_eq!(rows(&format!("a\n\"{long}\"\n")), cells(&[&[Some(&("\"".repeat(20) + "é"))]]));
}

#[test]
fn the_separator_and_the_quote_are_options() {
    for (separator, quote, text) in [
        (';', Some('\''), "a;b\n'x;''y';z\n"),
        ('\t', Some('"'), "a\tb\n\"x;'y\"\tz\n"),
        (':', None, "a:b\nx;'y:z\n"),
    ] {
        let csv = Csv { separator: Some(separator), quote_char: quote, ..csv() };
        assert_eq!(
            read(&csv, text.as_bytes()).unwrap().rows,
            cells(&[&[Some("x;'y"), Some("z")]]),
            "{text:?}"
        );
    }
    let csv = Csv { quote_char: None, ..csv() };
    assert_eq!(read(&csv, b"a,b\n\"x,y\"\n").unwrap().rows, cells(&[&[Some("\"x"), Some("y\"")]]));
}

#[test]
fn empty_lines_are_rows_only_in_a_file_of_one_column() {
    let found = read(&csv(), b"\n\r\na,b\n\n1,2\n\r\n\n3,4\n\n").unwrap();
    assert_eq!((found.rows.len(), found.blank), (2, 4));
    assert_eq!((found.places[1].row, found.places[1].line, found.places[1].byte), (1, Some(8), Some(15)));
    let found = read(&csv(), b"\na\n\nx\n\"\"\n\n").unwrap();
    assert_eq!(found.rows, cells(&[&[None], &[Some("x")], &[Some("")], &[None]]));
    assert_eq!(found.blank, 0);
}

#[test]
fn bad_records_are_rejected_with_their_places() {
    let text = b"a,b\n1\n\"x\ny\",2\n1,2,3\n\"q\"r,s\n\n\xff,1\nc\rd,1\nlast,\"1\n\n2\"\n";
    let found = read(&Csv { separator: Some(','), ..csv() }, text).unwrap();
    let rejects: Vec<_> = found
        .rejects
        .iter()
        .map(|(code, place)| (*code, place.row, place.line.unwrap(), place.byte.unwrap()))
        .collect();
    assert_eq!(
        rejects,
        [
            (reason::WRONG_FIELD_COUNT, 0, 2, 4),
            (reason::WRONG_FIELD_COUNT, 2, 5, 14),
            (reason::BAD_CSV, 3, 6, 20),
            (reason::BAD_UTF8, 4, 8, 28),
            (reason::BAD_CSV, 5, 9, 32),
        ]
    );
    assert_eq!(found.rows, cells(&[&[Some("x\ny"), Some("2")], &[Some("last"), Some("1\n\n2")]]));
    assert_eq!((found.places[1].row, found.places[1].line, found.places[1].byte), (6, Some(10), Some(38)));
}

#[test]
fn columns_of_the_schema_have_types() {
    let types = [("i", CsvType::Int64), ("f", CsvType::Float64), ("b", CsvType::Bool), ("s", CsvType::Str)];
    let schema: BTreeMap<_, _> = types.into_iter().map(|(name, kind)| (name.to_string(), kind)).collect();
    let csv = Csv { schema, ..csv() };
    let text = "i,f,b,s\n1, 2.5 ,True,1\n-007,1e3,\"false\",\n,,,\n\"\",\"\",\"\",\"\"\n1.5,1,true,x\n1,x,true,x\n1,1,1,x\n\
                9223372036854775808,1,true,x\n1,9007199254740993,true,x\n1,nan,true,x\n";
    let found = read(&csv, text.as_bytes()).unwrap();
    let expected = cells(&[
        &[Some("1"), Some("2.5"), Some("true"), Some("1")],
        &[Some("-7"), Some("1000"), Some("false"), None],
        &[None; 4],
        &[None, None, None, Some("")],
    ]);
    assert_eq!(found.rows, expected);
    assert!(found.rejects.len() == 6 && found.rejects.iter().all(|(code, _)| *code == reason::WRONG_TYPE));
    let e = failure(&Csv { schema: [("gone".to_string(), CsvType::Bool)].into(), ..csv }, text.as_bytes());
    assert_eq!(e.code(), "missing_column");
}

#[test]
fn headers_name_the_columns_or_fail() {
    let names = |text: &str, csv: &Csv| read(csv, text.as_bytes()).unwrap().names;
    assert_eq!(names("\"a\"\"b\", c\n", &csv()), ["a\"b", " c"]);
    assert_eq!(names(",a\n0,x\n", &csv()), ["__index_level_0__", "a"]);
    let headless = Csv { has_header: false, ..csv() };
    let found = read(&headless, b"\nx,y\n1,2\n").unwrap();
    assert_eq!(found.names, ["column_1", "column_2"]);
    assert_eq!(found.rows, cells(&[&[Some("x"), Some("y")], &[Some("1"), Some("2")]]));
    assert_eq!(found.places[0].line, Some(2));
    for empty in ["", "\n\r\n", "\u{feff}"] {
        assert_eq!(read(&csv(), empty.as_bytes()).unwrap(), Found::default());
    }
    for (text, code) in [
        ("a,a\n1,2\n", "duplicate_column"),
        ("a,,b\n1,2,3\n", "bad_header"),
        ("\"\"\n1\n", "bad_header"),
        ("\"a\"b,c\n1,2\n", "bad_header"),
        ("a,b\r1,2\r3,4\r", "unsupported_format"),
        ("Hello, world\nthis is\ntext\n", "unclear_separator"),
    ] {
        assert_eq!(failure(&csv(), text.as_bytes()).code(), code, "{text:?}");
    }
    assert_eq!(failure(&csv(), b"a\xff,b\n1,2\n").code(), "bad_header");
}

#[test]
fn a_quote_that_is_never_closed_is_an_error_with_its_place() {
    for (text, line, byte) in [
        ("a,b\n1,2\n3,\"x\n\n4,5\n", 3, 10),
        ("a,b\n\"\"\"\n", 2, 4),
        ("\"a,b\n1,2", 1, 0),
        ("a\n\"x\"\"", 2, 2),
    ] {
        let e = failure(&Csv { separator: Some(','), ..csv() }, text.as_bytes());
        assert_eq!((e.code(), e.get_line()), ("corrupt_csv", Some(line)), "{text:?}");
        assert!(e.to_string().contains(&format!("at byte {byte} ")), "{e}");
    }
}

#[test]
fn records_longer_than_the_limit_are_rejected_or_end_the_run() {
    let csv = |max_line_bytes| Csv { max_line_bytes, separator: Some(','), ..csv() };
    let long = "x".repeat(100_000);
    let text = format!("a,b\n1,2\n\n{long},\"y\nz\"\n3,4\n{long},{long}");
    let found = read(&csv(50_000), text.as_bytes()).unwrap();
    assert_eq!(found.rows, cells(&[&[Some("1"), Some("2")], &[Some("3"), Some("4")]]));
    let places: Vec<_> =
        found.rejects.iter().map(|(code, p)| (*code, p.row, p.line.unwrap(), p.byte.unwrap())).collect();
    assert_eq!(places, [(reason::LINE_TOO_LONG, 1, 4, 9), (reason::LINE_TOO_LONG, 3, 7, 100_020)]);
    // The limit is passed within quotes, which may never be closed.
    let text = format!("a,b\n1,2\n3,\"{long}\n\"\n");
    let e = failure(&csv(50_000), text.as_bytes());
    assert_eq!((e.code(), e.get_line()), ("corrupt_csv", Some(3)));
    assert!(e.to_string().contains("at byte 10 ") && e.to_string().contains("50000 bytes"), "{e}");
    // Or they are opened after the limit was passed.
    let e = failure(&csv(50_000), format!("a,b\n1,2\n{long},\"\n{long}").as_bytes());
    assert_eq!((e.code(), e.get_line()), ("corrupt_csv", Some(3)));
    assert!(e.to_string().contains("at byte 100009 "), "{e}");
    assert_eq!(failure(&csv(10), b"a,bcdefghijkl\n1,2\n").code(), "bad_header");
    for length in 1..8 {
        let found = read(&csv(4), format!("a,b\n{},2\r\n3,4", "1".repeat(length)).as_bytes()).unwrap();
        assert_eq!(found.rejects.len(), usize::from(length + 3 > 4), "{length}");
    }
}

#[test]
fn text_in_other_encodings_is_decoded_if_it_has_a_mark() {
    let text = "a,b\r\né,\"😀\n\"\r\n\u{ffff},\r\n";
    let expected = read(&csv(), text.as_bytes()).unwrap();
    assert_eq!(expected.rows.len(), 2);
    let marked = format!("\u{feff}{text}");
    let utf16: Vec<u8> = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let utf32: Vec<u8> = marked.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    for stored in [&utf16, &utf32, &gzip(&utf16)] {
        assert_eq!(read(&csv(), stored).unwrap(), expected);
    }
    let found = read(&csv(), &utf16[..utf16.len() - 5]).unwrap();
    assert_eq!((found.rows.len(), found.rejects[0].0), (1, reason::BAD_UTF8));
    assert_eq!(failure(&csv(), &utf16[2..]).code(), "unsupported_format");
}

#[test]
fn files_may_have_different_columns_but_one_separator() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path: &Path = &folder.path().join(name);
        std::fs::write(path, text).unwrap();
        local(path, name)
    };
    let files = [
        file("a.csv", "a;b\n1;2\n"),
        file("b.csv", ""),
        file("c.csv", "b;c\n3;4\n\n5;6\n"),
        file("d.csv", "c\n7\n"),
    ];
    let found = read_files(&csv(), &files, Limits::default()).unwrap();
    assert_eq!(found.names, ["a", "b", "c"]);
    let expected = [
        [Some("1"), Some("2"), None],
        [None, Some("3"), Some("4")],
        [None, Some("5"), Some("6")],
        [None, None, Some("7")],
    ];
    assert_eq!(found.rows, cells(&[&expected[0], &expected[1], &expected[2], &expected[3]]));
    let places: Vec<_> = found.places.iter().map(|p| (p.file, p.row, p.line.unwrap())).collect();
    assert_eq!(places, [(0, 0, 2), (2, 0, 2), (2, 1, 4), (3, 0, 2)]);
    let other = [files[0].clone(), file("e.tsv", "a;b\n1;2\n")];
    assert_eq!(read_files(&csv(), &other, Limits::default()).unwrap_err().code(), "mixed_formats");
}
