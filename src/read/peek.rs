//! Learns the columns of JSON lines from the heads of the files.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use super::json::{self, Kind, Value};
use super::open::{BoxedReader, Opened, cannot_read};
use super::{ColumnKind, InputFile, ReadColumn};
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::limits::{MAX_LINE_BYTES, PEEK_BYTES_FIRST, PEEK_BYTES_OTHER};

/// The columns in the heads of these files, in the order they are first seen: [`ColumnKind::Text`] where all
/// values are strings, `Int64`, `Float64`, `Bool` likewise, `Json` for all else. Null fits any; a column that is
/// null throughout is `Text`. Lines that are no objects are left for the run to reject.
pub fn peek_files(files: &[InputFile], cancel: &Cancel) -> Result<Vec<ReadColumn>> {
    let mut columns = Columns::default();
    let mut want = PEEK_BYTES_FIRST;
    for file in files {
        cancel.check()?;
        let mut opened = Opened::file(&file.path)?;
        let mut head = Vec::new();
        let mut ended = opened.read_block(want, &mut head)? < want;
        while !ended && cut_in_first_line(&head) {
            cancel.check()?;
            let more = head.len();
            ended = opened.read_block(more, &mut head)? < more;
        }
        columns.learn(&head, ended, &file.path.display().to_string())?;
        want = PEEK_BYTES_OTHER;
    }
    Ok(columns.finish())
}

/// As [`peek_files`] for a stream that can be read once: gives it back, with nothing missing.
pub fn peek_reader(mut reader: BoxedReader, name: &str) -> Result<(Vec<ReadColumn>, BoxedReader)> {
    let mut stored = Vec::new();
    let mut want = PEEK_BYTES_FIRST;
    loop {
        let missing = want - stored.len();
        let read = reader.by_ref().take(missing as u64).read_to_end(&mut stored);
        let whole = read.map_err(|e| cannot_read(e, name))? < missing;
        let mut opened = Opened::reader(Box::new(Cursor::new(stored.clone())), name.to_string())?;
        let mut head = Vec::new();
        let decoded = opened.read_block(want, &mut head);
        // Compressed data that was cut by us ends in an error; what came before it is good.
        let ended = match decoded {
            Ok(n) => whole && n < want,
            Err(e) if whole => return Err(e),
            Err(_) => false,
        };
        if !ended && cut_in_first_line(&head) {
            want *= 2;
            continue;
        }
        let mut columns = Columns::default();
        columns.learn(&head, ended, name)?;
        return Ok((columns.finish(), Box::new(Cursor::new(stored).chain(reader))));
    }
}

/// Whether this head ends before its first line does, which would teach nothing; a line longer than a row may be
/// is not waited for.
fn cut_in_first_line(head: &[u8]) -> bool {
    head.len() < MAX_LINE_BYTES && !head.trim_ascii_start().contains(&b'\n')
}

#[derive(Default)]
struct Columns {
    seen: Vec<(String, Seen)>,
    index: HashMap<Vec<u8>, usize>,
}

/// The kinds of values that a column was seen with.
#[derive(Default)]
struct Seen {
    text: bool,
    int: bool,
    float: bool,
    bool: bool,
    array: bool,
    object: bool,
    /// A number that no column of numbers holds.
    other: bool,
}

impl Seen {
    fn note(&mut self, kind: Kind, raw: &[u8]) {
        match kind {
            Kind::Null => {}
            Kind::Bool => self.bool = true,
            Kind::Int if json::int64(raw).is_some() => self.int = true,
            Kind::Float if json::float64(raw).is_some() => self.float = true,
            Kind::String => self.text = true,
            Kind::Array => self.array = true,
            Kind::Object => self.object = true,
            Kind::Int | Kind::Float => self.other = true,
        }
    }

    /// What a column of JSON holds, where no value is text.
    fn holds(&self) -> Option<&'static str> {
        if self.text || self.kind() != ColumnKind::Json {
            return None;
        }
        let numbers = self.int || self.float || self.other;
        Some(match (self.array, self.object, numbers, self.bool) {
            (true, false, false, false) => "lists",
            (false, true, false, false) => "objects",
            (true, true, false, false) => "lists and objects",
            (false, false, true, false) => "numbers",
            (false, false, true, true) => "numbers, true and false",
            _ => "values of several types",
        })
    }

    fn kind(&self) -> ColumnKind {
        match (self.text, self.int, self.float, self.bool, self.other | self.array | self.object) {
            (_, false, false, false, false) => ColumnKind::Text,
            (false, true, false, false, false) => ColumnKind::Int64,
            (false, _, true, false, false) => ColumnKind::Float64,
            (false, false, false, true, false) => ColumnKind::Bool,
            _ => ColumnKind::Json,
        }
    }
}

impl Columns {
    /// Takes the head of one input; `ended` says that it is all there is.
    fn learn(&mut self, head: &[u8], ended: bool, shown: &str) -> Result<()> {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let mut objects = 0;
        let mut first = None;
        for line in head.split_inclusive(|&b| b == b'\n') {
            let whole = ended || line.ends_with(b"\n");
            let blank = line.trim_ascii().is_empty();
            let valid = whole && std::str::from_utf8(line).is_ok();
            let value = if valid { json::scan(line, |_, _| {}).ok() } else { None };
            if value.is_some_and(|v| v.kind == Kind::Object) {
                objects += 1;
                // Scanned twice, so that a line that is bad further on teaches nothing.
                let _ = json::scan(line, |key, value| self.note(line, key, value));
            }
            if !blank && first.is_none() {
                first = Some((line.trim_ascii_start()[0], value.is_some()));
            }
        }
        match first {
            // A whole array on a line of its own is a row to reject; an array that goes on is the document.
            Some((b'[', complete)) if objects == 0 || !complete => Err(json_array(shown)),
            _ => Ok(()),
        }
    }

    fn note(&mut self, line: &[u8], key: Value, value: Value) {
        let mut decoded = Vec::new();
        if json::decode_string(key.inner(line), &mut decoded).is_err() {
            return;
        }
        let i = match self.index.get(&decoded) {
            Some(&i) => i,
            None => {
                let name = String::from_utf8_lossy(&decoded).into_owned();
                self.index.insert(decoded, self.seen.len());
                self.seen.push((name, Seen::default()));
                self.seen.len() - 1
            }
        };
        self.seen[i].1.note(value.kind, value.raw(line));
    }

    fn finish(self) -> Vec<ReadColumn> {
        let column = |(name, seen): (String, Seen)| ReadColumn {
            holds: seen.holds(),
            ..ReadColumn::new(name, seen.kind())
        };
        self.seen.into_iter().map(column).collect()
    }
}

#[cold]
fn json_array(shown: &str) -> Error {
    let open = if shown.ends_with(".gz") { "gzip.open" } else { "open" };
    Error::new(Class::Source, "json_array", "this is one JSON array, not JSON lines")
        .help(format!("read it with fp.from_records(json.load({open}({shown:?})))"))
        .path(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::testing::gzip;

    fn reader(bytes: &[u8]) -> BoxedReader {
        Box::new(Cursor::new(bytes.to_vec()))
    }

    fn kinds(text: &str) -> Vec<(String, ColumnKind)> {
        let (columns, _) = peek_reader(reader(text.as_bytes()), "-").unwrap();
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
            ("9223372036854775808", ColumnKind::Json),
            ("1e999", ColumnKind::Json),
        ] {
            let text: String = values.split(' ').map(|v| format!("{{\"x\":{v}}}\n")).collect();
            assert_eq!(kinds(&text), [("x".to_string(), expected)], "{values}");
        }
    }

    #[test]
    fn keeps_the_order_of_first_sight_and_skips_bad_lines() {
        let text =
            "\u{feff}\n{\"b\":1,\"a\":\"\"}\n{\"bad\":2,\n[1]\n{\"\\u0061\":null,\"c\":true}\n{\"d\":1}";
        let names: Vec<String> = kinds(text).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["b", "a", "c", "d"]);
        for empty in ["", "\n \r\n", "\u{feff}"] {
            assert!(kinds(empty).is_empty());
        }
    }

    #[test]
    fn tells_a_json_array_from_json_lines() {
        for array in ["[]", "[{\"a\":1}]", " \n[\n{\"a\":1},\n{\"a\":2}\n]\n", "[{\"a\":1},\n{\"a\":2}]"] {
            let e = peek_reader(reader(array.as_bytes()), "x.json").map(|_| ()).unwrap_err();
            assert_eq!(e.code(), "json_array", "{array}");
            assert!(e.get_help().unwrap().contains("fp.from_records(json.load(open(\"x.json\")))"));
        }
        assert_eq!(kinds("[1,2]\n{\"a\":1}\n").len(), 1);
    }

    #[test]
    fn a_stream_comes_back_whole() {
        let text: Vec<u8> = (0..200_000).flat_map(|i| format!("{{\"n\":{i}}}\n").into_bytes()).collect();
        assert!(text.len() > PEEK_BYTES_FIRST);
        // Random bytes do not shrink, so that this head is cut within the compressed data too.
        let noise: String =
            (0..300_000u64).map(|i| format!("{:016x}", i.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
        let incompressible = format!("{{\"n\":1}}\n{{\"x\":\"{noise}\"}}\n").into_bytes();
        for stored in [text.clone(), gzip(&text), gzip(&incompressible), Vec::new(), b"{\"n\":1}".to_vec()] {
            let (columns, mut rest) = peek_reader(reader(&stored), "-").unwrap();
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
        let file = |name: &str| InputFile { path: folder.path().join(name), name: name.into() };
        let expected = [ReadColumn::new("a", ColumnKind::Text), ReadColumn::new("b", ColumnKind::Int64)];
        for files in [vec![file("long")], vec![file("empty"), file("long")]] {
            assert_eq!(peek_files(&files, &Cancel::default()).unwrap()[..2], expected);
        }
        for stored in [text.clone().into_bytes(), gzip(text.as_bytes())] {
            let (columns, mut rest) = peek_reader(reader(&stored), "-").unwrap();
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
            files.push(InputFile { path, name: name.into() });
        }
        let expected = [ReadColumn::new("x", ColumnKind::Float64), ReadColumn::new("y", ColumnKind::Text)];
        assert_eq!(peek_files(&files, &Cancel::default()).unwrap(), expected);
        std::fs::write(&files[1].path, "[\n").unwrap();
        assert_eq!(peek_files(&files, &Cancel::default()).unwrap_err().code(), "json_array");
    }
}
