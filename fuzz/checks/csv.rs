//! Checks that CSV from any bytes is read as a reader of single bytes finds it: the same rows, places and rejects, for
//! any size of batches.

#[path = "csv/oracle.rs"]
mod oracle;

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Int64Type};
use fastprep::cancel::Cancel;
use fastprep::error::{Class, Error, Result};
use fastprep::read::csv::format::{Csv, CsvType};
use fastprep::read::file_format::{FileFormat, FileHead, ScanRequest};
use fastprep::read::{ColumnKind, InputFile, Limits, ReadColumn};
use fastprep::record::{Batch, Place, reason};
use fastprep::report::StepCounts;
use fastprep::store::Files;

use self::oracle::Syntax;

/// A limit that some records exceed.
const SHORT: usize = 40;
/// A column of this name has numbers in the second comparison; all others are text.
const NUMBERS: &str = "i";

/// The result of reading a file: rows with their places, codes of rejects with theirs, and the count of empty lines.
#[derive(Debug, Default, PartialEq)]
struct Rows {
    names: Vec<String>,
    rows: Vec<(Place, Vec<Option<String>>)>,
    rejects: Vec<(&'static str, Place)>,
    blank: u64,
}

/// What the oracle expects to be wrong: a code, and what the message has in it.
type Refusal = (&'static str, String);

fn read(csv: &Csv, file: &InputFile, limits: Limits) -> Result<Rows> {
    let (cancel, files) = (Cancel::default(), std::slice::from_ref(file));
    let known = csv.columns(files, &cancel)?;
    let names: Vec<String> = known.typed()?.fields().iter().map(|field| field.name().clone()).collect();
    let kind =
        |name: &String| if csv.schema.contains_key(name) { ColumnKind::Json } else { ColumnKind::Text };
    let columns: Vec<_> = names.iter().map(|name| ReadColumn::new(name.clone(), kind(name))).collect();
    let request = ScanRequest {
        files,
        part: None,
        known: &known,
        columns: &columns,
        first_file: 0,
        limits,
        cancel: &cancel,
    };
    let mut scan = csv.open(&request)?.scan;
    let (mut all, mut counts) = (Rows { names, ..Rows::default() }, StepCounts::default());
    while let Some(chunk) = scan.next()? {
        let batch = chunk.decode(&mut counts)?;
        batch.records.columns().iter().for_each(|column| column.to_data().validate_full().unwrap());
        all.rows.extend((0..batch.rows()).map(|i| (batch.places.at(i), cells(&batch, i))));
        all.rejects.extend(batch.rejects.iter().map(|reject| (reject.code, reject.place)));
    }
    all.blank = counts.sums.get("blank_lines").copied().unwrap_or_default();
    Ok(all)
}

fn cells(batch: &Batch, i: usize) -> Vec<Option<String>> {
    let cell = |column: &dyn Array| match column.data_type() {
        _ if column.is_null(i) => None,
        DataType::Int64 => Some(column.as_primitive::<Int64Type>().value(i).to_string()),
        _ => Some(column.as_string_view().value(i).to_string()),
    };
    batch.records.columns().iter().map(|column| cell(column)).collect()
}

/// An integer as text; nothing if it is none. White space around it does not count.
fn integer(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    is_number
        .then(|| text.parse::<i128>().ok())
        .flatten()
        .and_then(|n| i64::try_from(n).ok())
        .map(|n| n.to_string())
}

/// The names of the columns by the first record, or the code of the error.
fn names(record: &[u8], csv: &Csv, syntax: Syntax) -> Result<Vec<String>, &'static str> {
    let fields = match oracle::fields(record, syntax) {
        Some(fields) => fields,
        // The first fault decides which of the two it is.
        None => return Err("bad_header or unsupported_format"),
    };
    if !csv.has_header {
        return Ok((1..=fields.len()).map(|i| format!("column_{i}")).collect());
    }
    let mut names = Vec::new();
    for (i, field) in fields.iter().enumerate() {
        let name = String::from_utf8(field.clone().unwrap_or_default()).map_err(|_| "bad_header")?;
        names.push(match (name.is_empty(), i) {
            (true, 0) if fields.len() > 1 => "__index_level_0__".to_string(),
            (true, _) => return Err("bad_header"),
            (false, _) => name,
        });
    }
    let repeated = (1..names.len()).any(|i| names[..i].contains(&names[i]));
    if repeated { Err("duplicate_column") } else { Ok(names) }
}

fn expected(csv: &Csv, syntax: Syntax, text: &[u8], mark: usize) -> Result<Rows, Refusal> {
    let (records, open) = oracle::records(text, syntax);
    let unclosed = |record: &oracle::Record<'_>, open: usize, before: &str| {
        let feeds = text[record.start..open].iter().filter(|&&b| b == b'\n').count() as u64;
        let place = format!("on line {}, at byte {} of the text", record.line + feeds, mark + open);
        ("corrupt_csv", format!("{place}, opens a field that does not end before {before}"))
    };
    let mut all = Rows::default();
    let mut row = 0;
    for (i, record) in records.iter().enumerate() {
        let open = open.filter(|_| i + 1 == records.len());
        // A line feed at the end of the file is part of a field that does not end.
        let length = if open.is_some() { record.whole.len() } else { record.without_feed().len() };
        let is_long = length > csv.max_line_bytes;
        if is_long && let Some(open) = oracle::open_after(record.whole, csv.max_line_bytes, syntax) {
            return Err(unclosed(record, record.start + open, &format!("{} bytes", csv.max_line_bytes)));
        }
        if let Some(open) = open {
            return Err(unclosed(record, open, "the end of the file"));
        }
        let is_blank = record.text().is_empty();
        if all.names.is_empty() {
            if is_blank {
                continue;
            }
            if is_long {
                return Err(("bad_header", "longer than".into()));
            }
            all.names = names(record.text(), csv, syntax).map_err(|code| (code, String::new()))?;
            if csv.has_header {
                continue;
            }
        }
        if is_blank && all.names.len() > 1 {
            all.blank += 1;
            continue;
        }
        let place = Place {
            file: 0,
            row,
            line: Some(record.line),
            byte: Some((mark + record.start) as u64),
            copy: 0,
        };
        row += 1;
        match cells_of(record, csv, syntax, &all.names) {
            Ok(cells) => all.rows.push((place, cells)),
            Err(code) => all.rejects.push((code, place)),
        }
    }
    Ok(all)
}

fn cells_of(
    record: &oracle::Record<'_>,
    csv: &Csv,
    syntax: Syntax,
    names: &[String],
) -> Result<Vec<Option<String>>, &'static str> {
    if record.without_feed().len() > csv.max_line_bytes {
        return Err(reason::LINE_TOO_LONG);
    }
    if std::str::from_utf8(record.text()).is_err() {
        return Err(reason::BAD_UTF8);
    }
    let fields = oracle::fields(record.text(), syntax).ok_or(reason::BAD_CSV)?;
    if fields.len() != names.len() {
        return Err(reason::WRONG_FIELD_COUNT);
    }
    let cell = |(name, field): (&String, Option<Vec<u8>>)| {
        let text = field.map(|field| String::from_utf8(field).unwrap());
        match text {
            Some(text) if csv.schema.contains_key(name) && !text.is_empty() => {
                integer(&text).map(Some).ok_or(reason::WRONG_TYPE)
            }
            text => Ok(text.filter(|text| !csv.schema.contains_key(name) || !text.is_empty())),
        }
    };
    names.iter().zip(fields).map(cell).collect()
}

/// A file that is not read as CSV: it begins like a compressed or a binary file, or like UTF-16 without a mark.
fn is_other(e: &Error, stored: &[u8]) -> bool {
    let signatures: [&[u8]; 5] = [b"BZh", b"\xfd7zXZ\0", b"PK\x03\x04", b"PAR1", b"ARROW1"];
    e.code() == "unsupported_format"
        && (signatures.iter().any(|s| stored.starts_with(s)) || stored[..stored.len().min(4)].contains(&0))
}

fn compare(csv: &Csv, syntax: Syntax, file: &InputFile, stored: &[u8]) {
    let (text, mark) = oracle::text(stored);
    let limits = |batch_bytes, batch_rows| Limits { batch_bytes, batch_rows, ..Limits::default() };
    let whole = read(csv, file, limits(1 << 16, 1 << 16));
    for (batch_bytes, batch_rows) in [(1, 1), (7, 2), (64, 1 << 16)] {
        match (&whole, read(csv, file, limits(batch_bytes, batch_rows))) {
            (Ok(whole), Ok(found)) => assert_eq!(found, *whole, "{batch_bytes} bytes, {batch_rows} rows"),
            (Err(whole), Err(e)) => assert_eq!(e.to_string(), whole.to_string()),
            (whole, found) => panic!("{whole:?}, but with {batch_bytes} bytes, {batch_rows} rows: {found:?}"),
        }
    }
    match (whole, expected(csv, syntax, &text, mark)) {
        (Err(e), _) if is_other(&e, stored) => {}
        (Ok(found), Ok(expected)) => assert_eq!(found, expected),
        (Err(e), Err((code, says))) => {
            assert!(matches!(e.class(), Class::Source | Class::Column), "{e}");
            assert!(
                code.split(" or ").any(|code| code == e.code()) && e.to_string().contains(&says),
                "{e}: {says}"
            );
        }
        (found, expected) => panic!("{found:?}, expected {expected:?}"),
    }
}

/// Checks any bytes except those that would be decompressed, and UTF-32. The first byte chooses the options.
pub fn check(data: &[u8]) {
    let Some((&options, stored)) = data.split_first() else { return };
    if matches!(stored, [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
        || matches!(stored, [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..])
    {
        return;
    }
    let separator = b",;\t|"[usize::from(options & 3)];
    let quote = [Some(b'"'), None][usize::from(options >> 2 & 1)];
    let csv = Csv {
        separator: Some(separator.into()),
        quote_char: quote.map(char::from),
        has_header: options >> 3 & 1 == 0,
        schema: BTreeMap::new(),
        max_line_bytes: [1 << 20, SHORT][usize::from(options >> 4 & 1)],
    };
    let path = path();
    std::fs::write(&path, stored).unwrap();
    let file =
        InputFile { store: Files::local(), path, name: "x.csv".into(), below: String::new(), split: None };
    compare(&csv, Syntax { separator, quote }, &file, stored);
    let numbers = Csv { schema: [(NUMBERS.to_string(), CsvType::Int64)].into(), ..csv.clone() };
    let names =
        csv.columns(std::slice::from_ref(&file), &Cancel::default()).map(|known| known.typed().cloned());
    if matches!(names, Ok(Ok(schema)) if schema.column_with_name(NUMBERS).is_some()) {
        compare(&numbers, Syntax { separator, quote }, &file, stored);
    }
    // The separator of any file is found, or there is an error.
    let _ = Csv { separator: None, ..csv }.decided(&[file], &Cancel::default());
    numbers.recognises(&FileHead { name: "x", bytes: stored, is_whole: true });
}

/// A file of this thread.
fn path() -> PathBuf {
    let name = format!("fastprep-fuzz-{}-{:?}.csv", std::process::id(), std::thread::current().id());
    std::env::temp_dir().join(name)
}
