//! Compares the reader of JSON lines with serde_json on the lines of a file.

use std::io::{Cursor, Read};

use fastprep::cancel::Cancel;
use fastprep::error::{Class, Error, Result};
use fastprep::limits::MAX_JSON_DEPTH;
use fastprep::read::infer_columns::infer_stream;
use fastprep::read::jsonl::JsonlDecode;
use fastprep::read::lines::LinesSource;
use fastprep::read::{ColumnKind, Limits, ReadColumn};
use fastprep::record::{Place, reason};

use super::cells::{self, COLUMNS, Rows, row};
use super::oracle::{self, Member};

/// A limit that no input exceeds.
const NO_LIMIT: usize = 1 << 20;
/// A limit that some lines exceed.
const SHORT: usize = 60;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A line and its position.
struct Line<'a> {
    row: u64,
    byte: u64,
    whole: &'a [u8],
}

impl<'a> Line<'a> {
    /// By design: a line feed ends a line, and a carriage return before it is not part of the line. A byte order mark
    /// at the start of a file is not part of its first line; elsewhere it is not JSON. There is no line after the
    /// last line feed.
    fn all(data: &'a [u8]) -> Vec<Line<'a>> {
        let (mut byte, mut lines) = (if data.starts_with(BOM) { BOM.len() } else { 0 }, Vec::new());
        while byte < data.len() {
            let rest = &data[byte..];
            let whole = rest.split(|&b| b == b'\n').next().unwrap_or_default();
            lines.push(Line { row: lines.len() as u64, byte: byte as u64, whole });
            byte += whole.len() + 1;
        }
        lines
    }

    fn bytes(&self) -> &'a [u8] {
        self.whole.strip_suffix(b"\r").unwrap_or(self.whole)
    }

    fn place(&self) -> Place {
        Place { file: 0, row: self.row, line: Some(self.row + 1), byte: Some(self.byte), copy: 0 }
    }

    /// The members of the row, or why the line is rejected; `None` for a blank line, which by design is not a row.
    fn members(&self, max_line_bytes: usize) -> Option<Result<Vec<Member<'a>>, &'static str>> {
        if self.whole.len() > max_line_bytes {
            return Some(Err(reason::LINE_TOO_LONG));
        }
        if self.bytes().iter().all(|b| matches!(b, b' ' | b'\t' | b'\r')) {
            return None;
        }
        let Ok(text) = std::str::from_utf8(self.bytes()) else { return Some(Err(reason::BAD_UTF8)) };
        // By design: see `text::check`.
        if !oracle::is_json(text) || oracle::depth(text) > MAX_JSON_DEPTH {
            return Some(Err(reason::BAD_JSON));
        }
        Some(oracle::members(text).ok_or(reason::NOT_AN_OBJECT))
    }
}

fn read(data: &[u8], columns: &[ReadColumn], known: &[String], limits: Limits) -> Result<Rows> {
    let reader = Box::new(Cursor::new(data.to_vec()));
    let source = LinesSource::from_reader(reader, "-", limits, Cancel::default());
    let decode = JsonlDecode::new(columns.to_vec(), known, limits);
    let (rows, error) = cells::read(source, &decode, columns);
    error.map_or(Ok(rows), Err)
}

/// Checks that the rows of these columns equal those of serde_json, for several batch sizes.
fn compare(data: &[u8], lines: &[Line<'_>], columns: &[ReadColumn], known: &[String]) {
    for max_line_bytes in [NO_LIMIT, SHORT] {
        let limits = Limits { batch_bytes: 1 << 16, batch_rows: 1 << 16, max_line_bytes };
        let whole = match read(data, columns, known, limits) {
            Ok(rows) => rows,
            Err(e) => return refused(&e, lines),
        };
        let (mut rows, mut rejects) = (whole.rows.iter(), whole.rejects.iter());
        let mut blank = 0;
        for line in lines {
            let expected =
                line.members(max_line_bytes).map(|found| found.and_then(|members| row(&members, columns)));
            match expected {
                None => blank += 1,
                Some(Ok(cells)) => {
                    let expected = (line.place(), line.bytes().to_vec(), cells);
                    assert_eq!(rows.next(), Some(&expected), "{:?}", rejects.next());
                }
                Some(Err(code)) => {
                    let reject = rejects.next().unwrap();
                    assert_eq!((reject.code, reject.place), (code, line.place()), "{}", reject.detail);
                    assert!(oracle::is_json(&reject.record) && !reject.detail.is_empty());
                }
            }
        }
        assert_eq!((rows.next(), rejects.next()), (None, None));
        assert_eq!(whole.counts.sums.get("blank_lines").copied().unwrap_or_default(), blank);
        for (batch_bytes, batch_rows) in [(1, 1), (7, 2), (64, 1 << 16)] {
            let limits = Limits { batch_bytes, batch_rows, max_line_bytes };
            assert_eq!(read(data, columns, known, limits).unwrap(), whole, "{limits:?}");
        }
    }
}

/// Checks a refused input: it begins like another format, so at least one of its lines is not a row.
fn refused(e: &Error, lines: &[Line<'_>]) {
    assert_eq!((e.class(), e.code()), (Class::Source, "unsupported_format"), "{e}");
    assert!(lines.iter().any(|line| matches!(line.members(NO_LIMIT), Some(Err(_)))), "{e}");
}

/// The inferred columns of the file; checks that they are the keys of all rows in order of first appearance.
fn peeked(data: &[u8], lines: &[Line<'_>]) -> Vec<ReadColumn> {
    let mut expected: Vec<String> = Vec::new();
    for members in lines.iter().filter_map(|line| line.members(NO_LIMIT)?.ok()) {
        for name in members.into_iter().filter_map(|(key, _)| oracle::string(key)) {
            if !expected.contains(&name) {
                expected.push(name);
            }
        }
    }
    match infer_stream(Box::new(Cursor::new(data.to_vec())), "-", NO_LIMIT, &Cancel::default()) {
        Ok((columns, mut rest)) => {
            assert!(columns.iter().map(|column| &column.name).eq(&expected), "{columns:?} {expected:?}");
            let mut back = Vec::new();
            rest.read_to_end(&mut back).unwrap();
            assert_eq!(back, data);
            columns
        }
        Err(e) => {
            // An array over several lines, and lines that end in carriage returns alone, are refused.
            assert_eq!(e.class(), Class::Source, "{e}");
            assert!(matches!(e.code(), "json_array" | "unsupported_format"), "{e}");
            assert!(lines.iter().any(|line| matches!(line.members(NO_LIMIT), Some(Err(_)))), "{e}");
            Vec::new()
        }
    }
}

/// Checks any bytes except those that would be decompressed.
pub fn check(data: &[u8]) {
    if matches!(data, [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]) {
        return;
    }
    let lines = Line::all(data);
    let fixed = COLUMNS.map(|(name, kind)| ReadColumn::new(name, kind));
    compare(data, &lines, &fixed, &["t".into(), "known".into()]);

    let columns = peeked(data, &lines);
    let known: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    for kind in [ColumnKind::Json, ColumnKind::LenientText] {
        let of_kind: Vec<_> = known.iter().map(|name| ReadColumn::new(name, kind)).collect();
        compare(data, &lines, &of_kind, &known);
    }
    compare(data, &lines, &columns, &known);
    // The kinds were inferred from all rows, so every value fits its column.
    for members in lines.iter().filter_map(|line| line.members(NO_LIMIT)?.ok()) {
        assert_ne!(row(&members, &columns), Err(reason::WRONG_TYPE), "{members:?}");
    }
}
