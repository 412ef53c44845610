//! The sample of a data set that recognition looks at: its first rows, and what each column holds.

use std::collections::BTreeSet;

use super::cell::Cell;
use super::names::is_metadata;
use super::part_columns::PartColumns;
use crate::json::{Json, Kind};
use crate::record::Place;

/// A row of the sample.
#[derive(Debug)]
pub struct HeadRow {
    /// Where it is.
    pub place: Place,
    /// Its values, by the number of the column.
    pub cells: Vec<Cell<'static>>,
}

/// The sample: the first rows of each file.
#[derive(Debug, Default)]
pub struct Head {
    /// The names of the columns.
    pub(super) names: Vec<String>,
    pub(super) rows: Vec<HeadRow>,
    /// Records that are no rows, each with the reason.
    pub(super) unreadable: Vec<(Place, String)>,
    profiles: Vec<Profile>,
}

/// What a column holds in the sample.
#[derive(Debug, Default, Clone)]
pub(super) struct Profile {
    /// Values that are not null.
    present: usize,
    texts: usize,
    bools: usize,
    /// The numbers 0, 1 and -1, also as text.
    rating_numbers: usize,
    whole: usize,
    /// Lists of messages, and single messages.
    messages: usize,
    /// The short values, until there are too many.
    values: BTreeSet<String>,
    /// Values that are long, nested, or came after too many others.
    other: usize,
}

/// The most classes that a column of labels has.
const MOST_CLASSES: usize = 100;
/// The longest text of a class, in bytes.
const CLASS_BYTES: usize = 64;

impl Profile {
    fn note(&mut self, cell: &Cell<'_>) {
        self.present += usize::from(!cell.is_null());
        self.rating_numbers += usize::from(matches!(cell, Cell::Text(text) | Cell::Json(text)
            if matches!(text.trim(), "0" | "1" | "-1" | "0.0" | "1.0" | "-1.0")));
        match cell {
            Cell::Null => {}
            Cell::Text(text) => {
                self.texts += 1;
                self.bools += usize::from(truth_of_text(text).is_some());
                self.note_value(text);
            }
            Cell::Json(text) => match cell.json().map(|json| json.kind) {
                Some(Kind::Bool) => {
                    self.bools += 1;
                    self.note_value(text);
                }
                Some(Kind::Int) => {
                    self.whole += 1;
                    self.note_value(text);
                }
                _ => self.other += 1,
            },
        }
        self.messages += usize::from(cell.nested().is_some_and(is_message_or_list));
    }

    fn note_value(&mut self, value: &str) {
        let is_full = self.values.len() > MOST_CLASSES;
        if value.len() > CLASS_BYTES || is_full && !self.values.contains(value) {
            self.other += 1;
        } else {
            self.values.insert(value.to_string());
        }
    }

    /// Whether most values are true or false.
    pub(super) fn is_bool(&self) -> bool {
        self.present > 0 && self.bools * 10 >= self.present * 8
    }

    /// Whether the values are 0 and 1, or 1 and -1, or two others that are each repeated, but for damaged ones.
    pub(super) fn is_rating(&self) -> bool {
        let is_number = self.present > 0 && self.rating_numbers * 20 >= self.present * 19;
        is_number || self.values.len() == 2 && self.is_class()
    }

    /// Whether most values are text.
    pub(super) fn is_text(&self) -> bool {
        self.present > 0 && self.texts * 10 >= self.present * 8
    }

    /// Whether there are few values, each of them repeated, and more than one.
    pub(super) fn is_class(&self) -> bool {
        self.has_few_values() && self.values.len() >= 2 && self.values.len() * 2 <= self.present
    }

    /// Whether there are few values.
    pub(super) fn has_few_values(&self) -> bool {
        // Damaged rows may hold anything.
        self.other * 5 <= self.present && !self.values.is_empty() && self.values.len() <= MOST_CLASSES
    }

    /// Whether half of the values or more are messages.
    pub(super) fn is_messages(&self) -> bool {
        self.messages * 2 >= self.present.max(1)
    }
}

/// Whether a value is a message, or a list that begins with one.
fn is_message_or_list(json: Json<'_>) -> bool {
    let is_message = |json: Json<'_>| {
        json.fields(["role", "content", "from", "value"]).is_some_and(|[role, content, from, value]| {
            role.is_some() && content.is_some() || from.is_some() && value.is_some()
        })
    };
    match json.elements() {
        Some(elements) => elements.first().is_some_and(|first| is_message(*first)),
        None => is_message(json),
    }
}

/// The truth value that a text names.
pub(super) fn truth_of_text(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

impl Head {
    /// A sample of these rows; `unreadable` are the records that are no rows.
    pub fn new(names: Vec<String>, rows: Vec<HeadRow>, unreadable: Vec<(Place, String)>) -> Self {
        let mut profiles = vec![Profile::default(); names.len()];
        for row in &rows {
            profiles.iter_mut().zip(&row.cells).for_each(|(profile, cell)| profile.note(cell));
        }
        Head { names, rows, unreadable, profiles }
    }

    /// The number of records, those that are no rows included.
    pub fn records(&self) -> usize {
        self.rows.len() + self.unreadable.len()
    }

    /// What a column holds.
    pub(super) fn profile(&self, name: &str) -> Option<&Profile> {
        self.names.iter().position(|known| known == name).map(|i| &self.profiles[i])
    }

    /// The columns that `used` does not have, and that more than damaged rows have.
    fn others(&self, used: &PartColumns) -> Vec<(&str, &Profile)> {
        let known = self.names.iter().map(String::as_str).zip(&self.profiles);
        let is_other = |(name, profile): &(&str, &Profile)| {
            profile.present * 5 > self.rows.len() && used.iter().all(|(_, column)| column != name)
        };
        known.filter(is_other).collect()
    }

    /// Another column of which this is true, whose name does not say that it is metadata.
    fn other(&self, used: &PartColumns, is: impl Fn(&Profile) -> bool) -> Option<&str> {
        let others = self.others(used).into_iter();
        others.filter(|(name, profile)| is(profile) && !is_metadata(name)).map(|(name, _)| name).next()
    }

    /// Another column that holds messages.
    pub(super) fn other_messages(&self, used: &PartColumns) -> Option<&str> {
        self.others(used).into_iter().find(|(_, profile)| profile.is_messages()).map(|(name, _)| name)
    }

    /// Another column of true and false.
    pub(super) fn other_bool(&self, used: &PartColumns) -> Option<&str> {
        self.other(used, Profile::is_bool)
    }

    /// Another column of ratings with one of these names.
    pub(super) fn other_rating(&self, used: &PartColumns, known: &[&str]) -> Option<&str> {
        self.other_named_with(used, known, Profile::is_rating)
    }

    /// Another column of true and false with one of these names.
    pub(super) fn other_bool_named(&self, used: &PartColumns, known: &[&str]) -> Option<&str> {
        self.other_named_with(used, known, Profile::is_bool)
    }

    /// All other columns of text whose names do not say that they are metadata.
    pub(super) fn other_texts(&self, used: &PartColumns) -> Vec<&str> {
        let others = self.others(used).into_iter();
        others
            .filter(|(name, profile)| profile.is_text() && !is_metadata(name))
            .map(|(name, _)| name)
            .collect()
    }

    /// Another column of text.
    pub(super) fn other_text(&self, used: &PartColumns) -> Option<&str> {
        self.other(used, Profile::is_text)
    }

    /// Another column of few values.
    pub(super) fn other_class(&self, used: &PartColumns) -> Option<&str> {
        self.other(used, Profile::is_class)
    }

    /// A column of one of these names, which other dialects have and this one does not.
    pub(super) fn other_named(&self, used: &PartColumns, known: &[&str]) -> Option<&str> {
        self.other_named_with(used, known, |_| true)
    }

    fn other_named_with(
        &self,
        used: &PartColumns,
        known: &[&str],
        is: impl Fn(&Profile) -> bool,
    ) -> Option<&str> {
        let is_known = |name: &str| known.iter().any(|known| name.eq_ignore_ascii_case(known));
        let mut others = self.others(used).into_iter();
        others.find(|(name, profile)| is_known(name) && is(profile)).map(|(name, _)| name)
    }
}
