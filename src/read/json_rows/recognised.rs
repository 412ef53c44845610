//! What the start of a file says about JSON in it: rows on lines, or an array. Where the content alone does not say, the
//! name of the file decides.

use crate::json::{self, Kind};
use crate::read::file_format::FileHead;

/// The ends of the names of JSON lines.
const LINES: &[&str] = &[".jsonl", ".ndjson"];
/// The ends of the names of CSV, which may begin with a bracket too.
const CSV: &[&str] = &[".csv", ".tsv", ".tab"];

/// Whether a file is JSON lines: it begins with an object, or its first line is damaged and those after it are objects. In
/// a file that is named so, one such line is enough.
pub(crate) fn is_json_lines(head: &FileHead<'_>) -> bool {
    let text = head.text();
    match text.first() {
        None => false,
        Some(b'{') if head.is_named(CSV) => begins_json(text),
        Some(b'{') => true,
        _ if head.is_named(CSV) => false,
        Some(b'[') => {
            let (objects, lines) = objects_of(head);
            // The lines of an array may be objects too: it ends on a later line than the first.
            let ends =
                text.split(|&b| b == b'\n').next().is_some_and(|line| json::scan(line, |_, _| {}).is_ok());
            is_enough(head, objects, lines) && (ends || head.is_named(LINES) && 2 * objects > lines)
        }
        _ => {
            let (objects, lines) = objects_of(head);
            is_enough(head, objects, lines)
        }
    }
}

/// Whether so many objects on so many lines are enough: one in a file that is named so, else more than half of the lines
/// after the first.
fn is_enough(head: &FileHead<'_>, objects: usize, lines: usize) -> bool {
    objects > 0 && (head.is_named(LINES) || 2 * objects > lines.saturating_sub(1))
}

/// How many of the whole lines are JSON objects, and the number of lines that are not blank.
fn objects_of(head: &FileHead<'_>) -> (usize, usize) {
    let text = head.text();
    let text = match text.iter().rposition(|&b| b == b'\n') {
        Some(last) if !head.is_whole => &text[..last],
        _ => text,
    };
    let lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let is_object = |line: &[u8]| json::scan(line, |_, _| {}).is_ok_and(|value| value.kind == Kind::Object);
    lines.fold((0, 0), |(objects, lines), line| (objects + usize::from(is_object(line)), lines + 1))
}

/// Whether a text begins as a JSON object or a JSON array does, as far as it goes.
pub(crate) fn begins_json(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let Some((&first, rest)) = text.split_first() else { return true };
    let inner = rest.trim_ascii_start();
    match (first, inner.first()) {
        (b'{' | b'[', None) | (b'{', Some(b'}')) => true,
        (b'{', Some(b'"')) => {
            let end = end_of_string(inner);
            end.is_none_or(|end| matches!(inner[end..].trim_ascii_start().first(), None | Some(b':')))
        }
        (b'[', Some(b'{' | b'[')) => begins_json(inner),
        (b'[', Some(b']' | b'"' | b'-' | b'0'..=b'9')) => true,
        (b'[', _) => {
            let words: [&[u8]; 5] = [b"true", b"false", b"null", b"NaN", b"Infinity"];
            let after =
                |word: &[u8]| inner.strip_prefix(word).map(|rest| rest.trim_ascii_start().first().copied());
            words.iter().any(|word| matches!(after(word), Some(None | Some(b',' | b']'))))
        }
        _ => false,
    }
}

/// Where a string ends that begins here; none if it does not end.
fn end_of_string(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    let end = text.iter().skip(1).position(|&b| {
        let ends = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        ends
    });
    end.map(|end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_lines(name: &str, text: &str) -> bool {
        is_json_lines(&FileHead { name, bytes: text.as_bytes(), is_whole: true })
    }

    #[test]
    fn a_damaged_first_line_does_not_hide_the_rows_after_it() {
        for first in ["null", "\"s\"", "123", "}", "# c", "\0", "[]", "[1,2]", "{"] {
            for name in ["x.jsonl", "x.ndjson.gz", "x.json", "x"] {
                assert!(is_lines(name, &format!("{first}\n{{\"a\":1}}\n{{\"a\":2}}\n")), "{name} {first:?}");
            }
        }
        assert!(is_lines("x.jsonl", "[1,\n{\"a\":1}\n{\"a\":2}\n"));
        assert!(is_lines("x.jsonl", "no\nno\nno\n{\"a\":1}\n"));
        for (name, text) in [
            ("x", "no\nno\nno\n{\"a\":1}\n"),
            ("x.csv", "null\n{\"a\":1}\n"),
            ("x.jsonl", "[\n{\"a\":1}\n,\n{\"a\":2}\n]\n"),
            ("x", "[1,\n{\"a\":1}\n{\"a\":2}\n"),
            ("x.jsonl", "some text"),
            ("x.jsonl", ""),
            ("x.csv", "{id},{text}\n1,2\n"),
        ] {
            assert!(!is_lines(name, text), "{name} {text:?}");
        }
    }

    #[test]
    fn a_bracket_alone_is_not_json() {
        for text in [
            "{",
            "{}",
            "{\"a\"",
            "{ \"a\\\"b\" : 1}",
            "{\"a",
            "[",
            "[]",
            "[[1]]",
            "[{\"a\":1}]",
            "[true]",
            "[ null,",
            "[-1",
        ] {
            assert!(begins_json(text.as_bytes()), "{text:?}");
        }
        for text in [
            "{a},b",
            "{\"a\"},b",
            "[a],[b]",
            "[section]",
            "[[section]]",
            "[text],b",
            "[true_label]",
            "a",
            "[nullable",
        ] {
            assert!(!begins_json(text.as_bytes()), "{text:?}");
        }
    }
}
