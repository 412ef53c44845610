//! Errors for files that are not one array of sound structure.

use super::scanner::{Fault, State};
use crate::error::{Class, Error};
use crate::json::{self, Kind};
use crate::limits::MAX_OPEN_BRACKETS;
use crate::read::json_rows::{as_lines, jq};

/// A place in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    /// The number of the element that begins here or later.
    pub(crate) row: u64,
    /// The line, counted from 1.
    pub(crate) line: u64,
    /// The offset of the byte.
    pub(crate) byte: u64,
}

/// The error for a fault at a byte. `rest` is the text from there on; `element` is where the element begins that the
/// byte is in.
#[cold]
pub(super) fn fault(fault: Fault, rest: &[u8], at: Spot, element: Option<Spot>, shown: &str) -> Error {
    const REPAIR: &str = "correct the file at this place, or write it again";
    let found = String::from_utf8_lossy(&rest[..rest.len().min(4)]).chars().next().unwrap_or_default();
    let found = format!("`{}` at byte {}", found.escape_debug(), at.byte);
    let inside = element.map(|e| format!(" in {}", begins(e))).unwrap_or_default();
    let (message, help) = match fault {
        Fault::NotAnArray => return not_an_array(rest, shown),
        Fault::NoComma => (format!("a comma is missing {}: there is {found}", after(at)), REPAIR.into()),
        Fault::NoElement => {
            (format!("an element is missing before {found}"), format!("remove the comma, or {REPAIR}"))
        }
        Fault::Mismatch { curly } => {
            let open = if curly { '{' } else { '[' };
            (format!("{found} does not close the `{open}` that is open{inside}"), REPAIR.into())
        }
        Fault::TooDeep => {
            (format!("{found}{inside} is nested deeper than {MAX_OPEN_BRACKETS}"), REPAIR.into())
        }
        Fault::AfterEnd if rest.first() == Some(&b'[') => (
            format!("a second array begins at byte {}, {}", at.byte, after(at)),
            format!("write the elements of all arrays as JSON lines: {}", jq("-c '.[]'", shown)),
        ),
        Fault::AfterEnd => (
            format!("the array ends {}, but then there is {found}", after(at)),
            format!("remove what follows the array, or {REPAIR}"),
        ),
    };
    corrupt(message, at, shown).help(help)
}

/// The error for a text that ends before the array does; `end` is where.
#[cold]
pub(super) fn ended(state: State, end: Spot, element: Option<Spot>, shown: &str) -> Error {
    let message = match (state, element) {
        (State::String { .. }, Some(e)) => format!("the file ends within a string of {}", begins(e)),
        (_, Some(e)) => format!("the file ends within {}", begins(e)),
        _ => format!("the file ends {}, without the `]` of the array", after(end)),
    };
    let whole = jq("-cn --stream 'fromstream(1|truncate_stream(inputs))'", shown);
    corrupt(message, element.unwrap_or(end), shown)
        .help(format!("download or write the file again; the elements before this place: {whole}"))
}

fn begins(element: Spot) -> String {
    format!("element {}, which begins at line {}, byte {}", element.row, element.line, element.byte)
}

fn after(at: Spot) -> String {
    match at.row.checked_sub(1) {
        Some(last) => format!("after element {last}"),
        None => "before any element".into(),
    }
}

fn corrupt(message: String, at: Spot, shown: &str) -> Error {
    let message = format!("{message} (elements and bytes are counted from 0)");
    Error::new(Class::Source, "corrupt_json", message).path(shown).row(at.row).line(Some(at.line))
}

fn not_an_array(text: &[u8], shown: &str) -> Error {
    let line = text.split(|&b| b == b'\n').next().unwrap_or_default();
    let is_row = json::scan(line, |_, _| {}).is_ok_and(|value| value.kind == Kind::Object);
    let (message, help) = match text.first() {
        Some(b'{') if is_row => {
            ("this is JSON lines, not a JSON array".into(), "read it with scan_jsonl".to_string())
        }
        Some(b'{') => ("this is a JSON object, not a JSON array".into(), as_lines(shown)),
        _ => {
            let first =
                String::from_utf8_lossy(&text[..text.len().min(4)]).chars().next().unwrap_or_default();
            (
                format!("this is not a JSON array: it begins with `{}`", first.escape_debug()),
                "pass files that begin with `[`; scan_jsonl reads JSON lines".to_string(),
            )
        }
    };
    Error::new(Class::Source, "unsupported_format", message).help(help).path(shown)
}
