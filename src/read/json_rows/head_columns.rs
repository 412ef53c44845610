//! Infers columns from the first rows of files.

use std::collections::HashMap;

use crate::json::{self, Kind, Value};
use crate::read::{ColumnKind, ReadColumn};

/// The columns in the first rows of files, in order of first appearance.
///
/// A column is [`ColumnKind::Text`] if all values are strings, and `Int64`, `Float64` or `Bool` if all are of that
/// type; any other column is `Json`. Nulls do not count; a column of nulls alone is `Text`.
#[derive(Default)]
pub(crate) struct HeadColumns {
    seen: Vec<(String, Seen)>,
    index: HashMap<Vec<u8>, usize>,
}

/// The kinds of values that were seen in a column.
#[derive(Default)]
struct Seen {
    text: bool,
    int: bool,
    float: bool,
    /// A whole number that no float represents exactly.
    inexact: bool,
    bool: bool,
    array: bool,
    object: bool,
    /// A number that fits neither 64-bit integers nor floats.
    other: bool,
}

impl Seen {
    fn note(&mut self, kind: Kind, raw: &[u8]) {
        match kind {
            Kind::Null => {}
            Kind::Bool => self.bool = true,
            Kind::Int if json::int64(raw).is_some() => {
                self.int = true;
                self.inexact |= json::exact_float64(raw).is_none();
            }
            Kind::Float if json::float64(raw).is_some() => self.float = true,
            Kind::String => self.text = true,
            Kind::Array => self.array = true,
            Kind::Object => self.object = true,
            Kind::Int | Kind::Float => self.other = true,
        }
    }

    /// What a column of JSON holds, if none of its values is text.
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
            // Converting to floats would change such numbers, so their text is kept.
            (_, _, true, _, _) if self.inexact => ColumnKind::Json,
            (false, true, false, false, false) => ColumnKind::Int64,
            (false, _, true, false, false) => ColumnKind::Float64,
            (false, false, false, true, false) => ColumnKind::Bool,
            _ => ColumnKind::Json,
        }
    }
}

impl HeadColumns {
    /// Learns from the text of a row, if it is an object. Returns the kind of its value; none if it is not JSON.
    pub(crate) fn learn(&mut self, row: &[u8]) -> Option<Kind> {
        std::str::from_utf8(row).ok()?;
        let kind = json::scan(row, |_, _| {}).ok()?.kind;
        // A second scan, so that a row with an error further on adds no columns.
        let _ = json::scan(row, |key, value| self.note(row, key, value));
        Some(kind)
    }

    fn note(&mut self, row: &[u8], key: Value, value: Value) {
        let mut decoded = Vec::new();
        if json::decode_string(key.inner(row), &mut decoded).is_err() {
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
        self.seen[i].1.note(value.kind, value.raw(row));
    }

    /// The columns.
    pub(crate) fn finish(self) -> Vec<ReadColumn> {
        let column = |(name, seen): (String, Seen)| ReadColumn {
            holds: seen.holds(),
            ..ReadColumn::new(name, seen.kind())
        };
        self.seen.into_iter().map(column).collect()
    }
}
