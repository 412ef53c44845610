//! The members of one row by column. The look-up of a key is fast if rows have their keys in the same order.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use crate::json::{self, JsonError, Value};
use crate::limits::{LATE_COLUMNS, LATE_NAME_BYTES};
use crate::read::ReadColumn;
use crate::record::{Place, finding};
use crate::report::StepCounts;

/// The known keys of rows: first those of the columns to read, in their order.
#[derive(Debug)]
pub(crate) struct Keys {
    names: Vec<String>,
    index: HashMap<Vec<u8>, usize>,
    wanted: usize,
}

impl Keys {
    /// `columns` are the columns to read, `known` the names of all columns.
    pub(crate) fn new(columns: &[ReadColumn], known: &[String]) -> Self {
        let mut names: Vec<String> = Vec::new();
        let mut index = HashMap::new();
        for name in columns.iter().map(|c| &c.name).chain(known) {
            index.entry(name.as_bytes().to_vec()).or_insert_with(|| {
                names.push(name.clone());
                names.len() - 1
            });
        }
        Keys { names, index, wanted: columns.len() }
    }
}

/// How often something was found, and the place of the first.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    count: u64,
    first: Option<Place>,
}

impl Tally {
    /// Counts it once more; calls come in input order.
    pub(crate) fn note(&mut self, place: Place) {
        self.count += 1;
        self.first.get_or_insert(place);
    }

    /// Adds another tally, whose places may be before or after.
    fn add(&mut self, other: Tally) {
        self.count += other.count;
        self.first = self.first.into_iter().chain(other.first).min();
    }

    /// Adds the finding `code:name` to the counts.
    pub(crate) fn report(&self, code: &'static str, name: &str, counts: &mut StepCounts) {
        if let Some(first) = self.first {
            counts.add_named_finding(code, name, first, self.count);
        }
    }
}

/// The values of the current row by column, and the findings of all rows so far.
pub(crate) struct Row<'k> {
    keys: &'k Keys,
    values: Vec<Option<Value>>,
    /// The key at each position of the last row.
    order: Vec<usize>,
    /// Unknown keys that the report names; all others are counted together in `more_late`.
    late: BTreeMap<String, Tally>,
    more_late: Tally,
    repeated: Vec<Tally>,
}

impl<'k> Row<'k> {
    /// No row yet; the first row is expected to have the keys in their order.
    pub(crate) fn new(keys: &'k Keys) -> Self {
        Row {
            keys,
            values: vec![None; keys.wanted],
            order: (0..keys.names.len()).collect(),
            late: BTreeMap::new(),
            more_late: Tally::default(),
            repeated: vec![Tally::default(); keys.wanted],
        }
    }

    /// Reads a row from its text, which must be UTF-8. Returns the value of the text, which may not be an object.
    pub(crate) fn scan(&mut self, text: &[u8], place: Place) -> Result<Value, JsonError> {
        self.values.fill(None);
        let mut position = 0;
        json::scan(text, |key, value| {
            let name = key.inner(text);
            let expected = self.order.get(position).copied();
            let found = match expected {
                Some(i) if self.keys.names[i].as_bytes() == name && !key.escaped => Some(i),
                _ => self.look_up(key, text, place),
            };
            if let Some(i) = found {
                if expected != found {
                    self.expect(position, i);
                }
                if let Some(slot) = self.values.get_mut(i)
                    && slot.replace(value).is_some()
                {
                    self.repeated[i].note(place);
                }
            }
            position += 1;
        })
    }

    fn look_up(&mut self, key: Value, text: &[u8], place: Place) -> Option<usize> {
        let (raw, mut decoded) = (key.inner(text), Vec::new());
        let name = match key.escaped {
            false => Some(raw),
            // A key with a lone surrogate is not valid text, so no column has its name.
            true => json::decode_string(raw, &mut decoded).is_ok().then_some(decoded.as_slice()),
        };
        let found = name.and_then(|name| self.keys.index.get(name).copied());
        if found.is_none() {
            self.note_late(&String::from_utf8_lossy(name.unwrap_or(raw)), place);
        }
        found
    }

    #[cold]
    fn note_late(&mut self, name: &str, place: Place) {
        let name = &name[..name.floor_char_boundary(LATE_NAME_BYTES)];
        if let Some(tally) = self.late.get_mut(name) {
            return tally.note(place);
        }
        self.late.entry(name.to_string()).or_default().note(place);
        if self.late.len() > LATE_COLUMNS
            && let Some((_, last)) = self.late.pop_last()
        {
            self.more_late.add(last);
        }
    }

    /// Expects this key at this position of the next row.
    fn expect(&mut self, position: usize, key: usize) {
        if position < self.order.len() {
            self.order[position] = key;
        } else if position == self.order.len() && position < 2 * self.keys.names.len() {
            // Unknown and repeated keys shift the known keys to later positions.
            self.order.push(key);
        }
    }

    /// The value of a column in the current row; `None` if it is absent.
    pub(crate) fn value(&self, column: usize) -> Option<Value> {
        self.values[column]
    }

    /// Adds the findings to the counts.
    pub(crate) fn report(&self, counts: &mut StepCounts) {
        for (name, tally) in &self.late {
            tally.report(finding::LATE_COLUMN, name, counts);
        }
        if let Some(first) = self.more_late.first {
            counts.add_finding(finding::LATE_COLUMNS, first, self.more_late.count);
        }
        for (name, tally) in self.keys.names.iter().zip(&self.repeated) {
            tally.report(finding::REPEATED_KEY, name, counts);
        }
    }
}
