//! Checks that the elements of a JSON array of any bytes are those of serde_json, and that everything else is an error
//! or a reject.

use std::io::Cursor;

use fastprep::cancel::Cancel;
use fastprep::error::{Class, Error};
use fastprep::limits::MAX_JSON_DEPTH;
use fastprep::read::json_array::{ArrayDecode, ArraySource};
use fastprep::read::{ColumnKind, Limits, ReadColumn};
use fastprep::record::{Place, reason};
use serde_json::value::RawValue;

use super::cells::{self, COLUMNS, Cell, Rows, row};
use super::oracle;

/// A limit that no input exceeds.
const NO_LIMIT: usize = 1 << 20;
/// A limit that some elements exceed.
const SHORT: usize = 60;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Reads with a size of blocks and batches: what was read, and the error after it.
fn read_once(data: &[u8], columns: &[ReadColumn], limits: Limits) -> (Rows, Option<Error>) {
    let reader = Box::new(Cursor::new(data.to_vec()));
    let decode = ArrayDecode::new(columns.to_vec(), &["t".into(), "known".into()], limits);
    let nothing = Rows { rows: Vec::new(), rejects: Vec::new(), counts: Default::default() };
    match ArraySource::from_reader(reader, "-", limits, Cancel::default()) {
        Ok(source) => cells::read(source, &decode, columns),
        Err(e) => (nothing, Some(e)),
    }
}

/// Reads with several sizes, which must not change the result.
fn read(data: &[u8], columns: &[ReadColumn], max_line_bytes: usize) -> (Rows, Option<Error>) {
    let whole = Limits { batch_bytes: 1 << 16, batch_rows: 1 << 16, max_line_bytes };
    let (rows, error) = read_once(data, columns, whole);
    let text = |error: &Option<Error>| error.as_ref().map(|e| format!("{e:?}"));
    for (batch_bytes, batch_rows) in [(1, 1), (7, 2), (64, 1 << 16)] {
        let limits = Limits { batch_bytes, batch_rows, max_line_bytes };
        let (other, other_error) = read_once(data, columns, limits);
        assert_eq!((&other, text(&other_error)), (&rows, text(&error)), "{limits:?}");
    }
    (rows, error)
}

/// The elements of an array with their places; `None` if the text is not an array. `byte` is where it begins.
fn elements(text: &str, byte: usize) -> Option<Vec<(Place, &str)>> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let mut all = Vec::new();
    for (number, element) in (0..).zip(elements) {
        let start = element.get().as_ptr() as usize - text.as_ptr() as usize;
        let line = text[..start].matches('\n').count() as u64 + 1;
        let place =
            Place { file: 0, row: number, line: Some(line), byte: Some((byte + start) as u64), copy: 0 };
        all.push((place, element.get()));
    }
    Some(all)
}

/// The cells of an element, or why it is rejected.
fn expected(element: &str, columns: &[ReadColumn], max: usize) -> Result<Vec<Cell>, &'static str> {
    if element.len() > max {
        return Err(reason::LINE_TOO_LONG);
    }
    if oracle::depth(element) > MAX_JSON_DEPTH {
        return Err(reason::BAD_JSON);
    }
    row(&oracle::members(element).ok_or(reason::NOT_AN_OBJECT)?, columns)
}

/// The cell with JSON text on one line and without white space, as far as the two sides may differ in it.
///
/// By design: a value over several lines is read without its line feeds and the white space around them.
fn without_space(cell: &Cell) -> Cell {
    let Cell::Text(text) = cell else { return cell.clone() };
    let mut out = String::new();
    let (mut in_string, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            ' ' | '\t' | '\r' | '\n' if !in_string => continue,
            _ => {}
        }
        out.push(c);
    }
    Cell::Text(out)
}

fn equal(columns: &[ReadColumn], element: &str, read: &[Cell], expected: &[Cell]) -> bool {
    columns.iter().zip(read.iter().zip(expected)).all(|(column, (read, expected))| {
        let verbatim = matches!(column.kind, ColumnKind::Json | ColumnKind::LenientText);
        match read {
            Cell::Text(text) if verbatim && element.contains('\n') => {
                let is_text = column.kind == ColumnKind::LenientText && read == expected;
                is_text || (!text.contains('\n') && without_space(read) == without_space(expected))
            }
            _ => read == expected,
        }
    })
}

/// Checks any bytes except those that would be decompressed.
pub fn check(data: &[u8]) {
    if matches!(data, [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]) {
        return;
    }
    let columns = COLUMNS.map(|(name, kind)| ReadColumn::new(name, kind));
    let byte = if data.starts_with(BOM) { BOM.len() } else { 0 };
    let text = std::str::from_utf8(&data[byte..]).ok();
    for max in [NO_LIMIT, SHORT] {
        let (rows, error) = read(data, &columns, max);
        let Some(elements) = text.and_then(|text| elements(text, byte)) else {
            // In UTF-16 and UTF-32 white space is its byte, and zeros.
            let is_wide = matches!(data, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 0, 0xfe, 0xff, ..]);
            let is_blank = |b: &u8| b.is_ascii_whitespace() || is_wide && matches!(b, 0 | 0xfe | 0xff);
            let is_empty = data[byte..].iter().all(is_blank);
            let reasons = [reason::BAD_JSON, reason::BAD_UTF8, reason::LINE_TOO_LONG];
            let is_rejected = rows.rejects.iter().any(|reject| reasons.contains(&reject.code));
            assert!(is_empty || error.is_some() || is_rejected);
            if let Some(e) = error {
                assert_eq!(e.class(), Class::Source);
                assert!(matches!(e.code(), "corrupt_json" | "unsupported_format"), "{e}");
            }
            continue;
        };
        assert!(error.is_none(), "{error:?}");
        let (mut rows, mut rejects) = (rows.rows.iter(), rows.rejects.iter());
        for (place, element) in elements {
            match expected(element, &columns, max) {
                Ok(cells) => {
                    let (read_place, read_text, read_cells) = rows.next().unwrap();
                    assert_eq!((*read_place, read_text.as_slice()), (place, element.as_bytes()));
                    assert!(equal(&columns, element, read_cells, &cells), "{read_cells:?} {cells:?}");
                }
                Err(code) => {
                    let reject = rejects.next().unwrap();
                    assert_eq!((reject.code, reject.place), (code, place), "{}", reject.detail);
                    assert!(oracle::is_json(&reject.record) && !reject.detail.is_empty());
                }
            }
        }
        assert_eq!((rows.next(), rejects.next()), (None, None));
    }
}
