//! Infers the columns of JSON lines from the first rows of the files.

use std::io::{self, Cursor, Read};
use std::sync::{Arc, Mutex, PoisonError};

use super::cancellable_reader::CancellableReader;
use super::json_rows::{HeadColumns, as_lines, jq};
use super::lines::{InputLines, STDIN, Text};
use super::open::{BoxedReader, InputStream};
use super::{InputFile, Limits, ReadColumn};
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::json::{self, Kind};
use crate::limits::{PEEK_BYTES_FIRST, PEEK_BYTES_OTHER, PEEK_BYTES_STREAM};

/// The [columns](HeadColumns) in the first rows of these files. Lines that are not objects are skipped: the run rejects
/// them. A file is read at least up to its first object.
pub(crate) fn infer_files(
    files: &[InputFile],
    max_line_bytes: usize,
    cancel: &Cancel,
) -> Result<Vec<ReadColumn>> {
    let mut columns = HeadColumns::default();
    let mut text_bytes = PEEK_BYTES_FIRST;
    for file in files {
        let lines = InputLines::new(InputStream::open(file)?)?;
        let shown = file.path.display().to_string();
        Head { text_bytes, max_line_bytes, max_stored_bytes: u64::MAX }.learn(
            lines,
            &mut columns,
            &shown,
            cancel,
        )?;
        text_bytes = PEEK_BYTES_OTHER;
    }
    Ok(columns.finish())
}

/// Like [`infer_files`], for a stream that can be read only once. Returns the columns and a reader of the whole
/// stream. What was read is held in memory, so the search for a first object ends after [`PEEK_BYTES_STREAM`].
pub fn infer_stream(
    reader: BoxedReader,
    name: &str,
    max_line_bytes: usize,
    cancel: &Cancel,
) -> Result<(Vec<ReadColumn>, BoxedReader)> {
    let reader = CancellableReader { reader, cancel: cancel.clone() };
    let recorded = Arc::new(Mutex::new(Recorded { reader, bytes: Vec::new() }));
    let recorder = Recorder(Arc::clone(&recorded));
    let lines = InputLines::new(InputStream::from_reader(Box::new(recorder), name.to_string())?)?;
    let mut columns = HeadColumns::default();
    let head = Head { text_bytes: PEEK_BYTES_FIRST, max_line_bytes, max_stored_bytes: PEEK_BYTES_STREAM };
    head.learn(lines, &mut columns, name, cancel)?;
    let recorded = Arc::try_unwrap(recorded).map_err(|_| Error::internal("a stream has two readers"))?;
    let Recorded { reader, bytes } = recorded.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok((columns.finish(), Box::new(Cursor::new(bytes).chain(reader.reader))))
}

/// A stream, and all bytes that were read from it.
struct Recorded {
    reader: CancellableReader,
    bytes: Vec<u8>,
}

/// Reads a stream and keeps what it reads.
struct Recorder(Arc<Mutex<Recorded>>);

impl Read for Recorder {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n = recorded.reader.read(out)?;
        recorded.bytes.extend_from_slice(&out[..n]);
        Ok(n)
    }
}

/// How much of an input is read to infer its columns.
struct Head {
    /// Bytes of text.
    text_bytes: usize,
    /// Longer lines are skipped.
    max_line_bytes: usize,
    /// The most stored bytes that are read to find a first object.
    max_stored_bytes: u64,
}

impl Head {
    fn learn(
        &self,
        mut lines: InputLines,
        columns: &mut HeadColumns,
        shown: &str,
        cancel: &Cancel,
    ) -> Result<()> {
        let limits = Limits {
            batch_bytes: self.text_bytes,
            batch_rows: usize::MAX,
            max_line_bytes: self.max_line_bytes,
        };
        let mut seen = SeenLines::default();
        // If the input has ended, what is left is its last line.
        while lines.has_ended() || (seen.objects == 0 && lines.stored_bytes() < self.max_stored_bytes) {
            cancel.check()?;
            match lines.next(limits.clamped(), cancel)? {
                None => break,
                Some(piece) => match piece.text {
                    Text::Whole(text) => seen.take(&text, columns),
                    Text::LongLine { head, .. } => seen.note(&head, false),
                },
            }
            seen.check(shown)?;
        }
        seen.check_array(shown)
    }
}

/// What was seen of the lines of one input, to recognise inputs that are not JSON lines.
#[derive(Default)]
struct SeenLines {
    objects: usize,
    /// Lines that are not blank.
    lines: usize,
    /// The first line that is not blank: its first byte, and whether it is a whole JSON value.
    first: Option<(u8, bool)>,
    /// Whether the first line holds JSON values that are separated by carriage returns.
    lone_returns: bool,
    /// Whether the first line is the start of an object that goes on in the next line.
    goes_on: bool,
}

impl SeenLines {
    fn take(&mut self, text: &[u8], columns: &mut HeadColumns) {
        for line in text.split_inclusive(|&b| b == b'\n') {
            let kind = columns.learn(line);
            self.objects += usize::from(kind == Some(Kind::Object));
            self.note(line, kind.is_some());
        }
    }

    fn note(&mut self, line: &[u8], complete: bool) {
        let line = line.trim_ascii();
        let Some(&byte) = line.first() else { return };
        self.lines += 1;
        if self.first.is_none() {
            self.first = Some((byte, complete));
            let mut parts = line.split(|&b| b == b'\r').filter(|part| !part.trim_ascii().is_empty());
            let whole = parts.next().is_some_and(|part| json::scan(part, |_, _| {}).is_ok());
            self.lone_returns = !complete && whole && parts.next().is_some();
            self.goes_on = byte == b'{' && !complete && matches!(line.last(), Some(b'{' | b'[' | b','));
        }
    }

    /// Fails if the input cannot be JSON lines.
    fn check(&self, shown: &str) -> Result<()> {
        match self.first {
            // Where other lines end in line feeds, this is one bad line, which the run rejects.
            _ if self.lone_returns && self.lines == 1 => Err(lone_returns(shown)),
            // An array over several lines is the whole document.
            Some((b'[', false)) => Err(json_array(shown)),
            _ if self.goes_on && self.lines > 1 && self.objects == 0 => Err(printed_objects(shown)),
            _ => Ok(()),
        }
    }

    /// Fails if the input has only arrays, one a line. Among objects, a line with an array is a row that the run
    /// rejects.
    fn check_array(&self, shown: &str) -> Result<()> {
        match self.first {
            Some((b'[', true)) if self.objects == 0 && self.lines == 1 => Err(json_array(shown)),
            Some((b'[', true)) if self.objects == 0 => Err(array_lines(shown)),
            _ => Ok(()),
        }
    }
}

#[cold]
fn json_array(shown: &str) -> Error {
    let error = Error::new(Class::Source, "json_array", "this is one JSON array, not JSON lines").path(shown);
    match shown {
        STDIN => error.help("write its elements as JSON lines: jq -c '.[]'"),
        _ => error.help("read it with scan_json"),
    }
}

#[cold]
fn array_lines(shown: &str) -> Error {
    Error::new(Class::Source, "json_array", "each line is a JSON array, not an object")
        .help(format!("write each object of an array on a line of its own: {}", jq("-c '.[]'", shown)))
        .path(shown)
}

#[cold]
fn printed_objects(shown: &str) -> Error {
    let message = "this is a JSON object over several lines, not JSON lines";
    Error::new(Class::Source, "unsupported_format", message).help(as_lines(shown)).path(shown)
}

#[cold]
fn lone_returns(shown: &str) -> Error {
    let message = "the lines end in carriage returns (CR) alone, not in line feeds";
    Error::new(Class::Source, "unsupported_format", message)
        .help("convert it: tr '\\r' '\\n' < FILE > NEW_FILE")
        .path(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_LINE_BYTES;
    use crate::read::ColumnKind;
    use crate::read::testing::{gzip, local};

    fn reader(bytes: &[u8]) -> BoxedReader {
        Box::new(Cursor::new(bytes.to_vec()))
    }

    fn kinds(text: &str) -> Vec<(String, ColumnKind)> {
        let (columns, _) =
            infer_stream(reader(text.as_bytes()), "-", MAX_LINE_BYTES, &Cancel::default()).unwrap();
        columns.into_iter().map(|c| (c.name, c.kind)).collect()
    }

    #[test]
    fn infers_kinds() {
        for (values, expected) in [
            (r#""a" null "\n""#, ColumnKind::Text),
            ("null null", ColumnKind::Text),
            ("1 null -2", ColumnKind::Int64),
            ("1 2.5 1e3", ColumnKind::Float64),
            ("1e3", ColumnKind::Float64),
            ("true null false", ColumnKind::Bool),
            (r#""a" 1"#, ColumnKind::Json),
            ("true 1", ColumnKind::Json),
            ("[]", ColumnKind::Json),
            (r#"{"b":1} null"#, ColumnKind::Json),
            ("9223372036854775807", ColumnKind::Int64),
            ("9007199254740992 0.5", ColumnKind::Float64),
            ("9007199254740993 0.5", ColumnKind::Json),
            ("9223372036854775808", ColumnKind::Json),
            ("1e999", ColumnKind::Json),
        ] {
            let text: String = values.split(' ').map(|v| format!("{{\"x\":{v}}}\n")).collect();
            assert_eq!(kinds(&text), [("x".to_string(), expected)], "{values}");
        }
    }

    #[test]
    fn keeps_the_order_of_first_appearance_and_skips_bad_lines() {
        let text =
            "\u{feff}\n{\"b\":1,\"a\":\"\"}\n{\"bad\":2,\n[1]\n{\"\\u0061\":null,\"c\":true}\n{\"d\":1}";
        let names: Vec<String> = kinds(text).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["b", "a", "c", "d"]);
        for empty in ["", "\n \r\n", "\u{feff}"] {
            assert!(kinds(empty).is_empty());
        }
    }

    #[test]
    fn a_json_array_is_not_json_lines() {
        for array in ["[]", "[{\"a\":1}]", " \n[\n{\"a\":1},\n{\"a\":2}\n]\n", "[{\"a\":1},\n{\"a\":2}]"] {
            let e = infer_stream(reader(array.as_bytes()), "x.json", MAX_LINE_BYTES, &Cancel::default())
                .map(|_| ())
                .unwrap_err();
            assert_eq!(e.code(), "json_array", "{array}");
            assert_eq!(e.get_help(), Some("read it with scan_json"));
        }
        assert_eq!(kinds("[1,2]\n{\"a\":1}\n").len(), 1);
    }

    #[test]
    fn objects_over_several_lines_are_not_json_lines() {
        let infer = |text: &str| {
            infer_stream(reader(text.as_bytes()), "x.json.gz", MAX_LINE_BYTES, &Cancel::default()).map(|_| ())
        };
        for text in
            ["{\n \"a\": 1\n}\n", "\n{ \n}\n{\n}", "{\"data\": [\n {\"a\":1},\n2]}", "{\"a\":1,\r\n\"b\":2}"]
        {
            let e = infer(text).unwrap_err();
            assert_eq!(e.code(), "unsupported_format", "{text}");
            let help = "gzip -dc \"x.json.gz\" | jq -c . > rows.jsonl";
            assert!(e.get_help().unwrap().contains(help), "{e}");
        }
        // One bad line among rows, or the only line.
        for text in ["{\n{\"a\":1}\n", "{\"a\":[", "{\"a\":\n1"] {
            assert!(infer(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn the_returned_reader_has_the_whole_stream() {
        let text: Vec<u8> = (0..200_000).flat_map(|i| format!("{{\"n\":{i}}}\n").into_bytes()).collect();
        assert!(text.len() > PEEK_BYTES_FIRST);
        // Random bytes do not compress, so the first read ends within the compressed data too.
        let noise: String =
            (0..300_000u64).map(|i| format!("{:016x}", i.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
        let incompressible = format!("{{\"n\":1}}\n{{\"x\":\"{noise}\"}}\n").into_bytes();
        for stored in [text.clone(), gzip(&text), gzip(&incompressible), Vec::new(), b"{\"n\":1}".to_vec()] {
            let (columns, mut rest) =
                infer_stream(reader(&stored), "-", MAX_LINE_BYTES, &Cancel::default()).unwrap();
            assert_eq!(columns.len(), usize::from(!stored.is_empty()));
            let mut back = Vec::new();
            rest.read_to_end(&mut back).unwrap();
            assert!(back == stored);
        }
    }

    #[test]
    fn a_first_line_longer_than_the_head_is_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let long = "x".repeat(3 * PEEK_BYTES_FIRST);
        let text = format!("\n{{\"a\":\"{long}\",\"b\":1}}\n{{\"c\":1}}\n");
        let path = folder.path().join("long");
        std::fs::write(&path, &text).unwrap();
        std::fs::write(folder.path().join("empty"), "").unwrap();
        let file = |name: &str| local(folder.path().join(name), name);
        let expected = [ReadColumn::new("a", ColumnKind::Text), ReadColumn::new("b", ColumnKind::Int64)];
        for files in [vec![file("long")], vec![file("empty"), file("long")]] {
            assert_eq!(infer_files(&files, MAX_LINE_BYTES, &Cancel::default()).unwrap()[..2], expected);
        }
        for stored in [text.clone().into_bytes(), gzip(text.as_bytes())] {
            let (columns, mut rest) =
                infer_stream(reader(&stored), "-", MAX_LINE_BYTES, &Cancel::default()).unwrap();
            assert_eq!(columns[..2], expected);
            let mut back = Vec::new();
            rest.read_to_end(&mut back).unwrap();
            assert!(back == stored);
        }
    }

    #[test]
    fn later_files_add_columns_and_widen_kinds() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Vec::new();
        for (name, text) in [("a", "{\"x\":1}\n"), ("b", "{\"y\":\"\",\"x\":1.5}\n"), ("c", "")] {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            files.push(local(path, name));
        }
        let expected = [ReadColumn::new("x", ColumnKind::Float64), ReadColumn::new("y", ColumnKind::Text)];
        assert_eq!(infer_files(&files, MAX_LINE_BYTES, &Cancel::default()).unwrap(), expected);
        std::fs::write(&files[1].path, "[\n").unwrap();
        assert_eq!(infer_files(&files, MAX_LINE_BYTES, &Cancel::default()).unwrap_err().code(), "json_array");
    }
}
