//! How often a finding occurs, with the first examples.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::excerpt::Excerpt;
use super::masked::Mask;
use super::row::{Match, Row};
use crate::record::Place;

/// How many examples are kept.
const EXAMPLES: usize = 3;

/// An example of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Example {
    pub(crate) place: Place,
    /// Who says the text, and in which turn.
    pub(crate) speaker: Cow<'static, str>,
    pub(crate) turn: u32,
    pub(crate) excerpt: Excerpt,
    /// Another row that the finding is about.
    pub(crate) other: Option<Place>,
}

impl Example {
    /// The example of a match; of a row without texts, the row.
    pub(crate) fn new(place: Place, row: &Row<'_>, found: Match, mask: &Mask) -> Self {
        let Some(text) = row.texts.get(found.text) else {
            return Example::of_row(place, Excerpt::default());
        };
        let mut personal = Vec::new();
        mask.find(text.text, &mut personal);
        let excerpt = Excerpt::new(text.text, (found.start, found.end), &personal);
        Example { place, speaker: text.speaker.name().into(), turn: text.turn, excerpt, other: None }
    }

    /// The example of the text of a column.
    pub(super) fn of_column(place: Place, column: &str, text: &str, mask: &Mask) -> Self {
        let mut personal = Vec::new();
        mask.find(text, &mut personal);
        let excerpt = Excerpt::new(text, (0, text.len()), &personal);
        Example { place, speaker: column.to_string().into(), turn: 1, excerpt, other: None }
    }

    /// The example of a whole row.
    pub(super) fn of_row(place: Place, excerpt: Excerpt) -> Self {
        Example { place, speaker: "row".into(), turn: 0, excerpt, other: None }
    }

    /// Its JSON.
    pub(super) fn to_json(&self, files: &[String]) -> Value {
        let mut json = place_json(self.place, files);
        json["text"] = (&*self.speaker).into();
        json["turn"] = self.turn.into();
        json["before"] = self.excerpt.before.as_str().into();
        json["match"] = self.excerpt.found.as_str().into();
        json["after"] = self.excerpt.after.as_str().into();
        if let Some(other) = self.other {
            json["other"] = place_json(other, files);
        }
        json
    }
}

/// A place as JSON.
pub(super) fn place_json(place: Place, files: &[String]) -> Value {
    json!({"file": files.get(place.file as usize), "row": place.row, "line": place.line})
}

/// A count, and the first examples by place. Merging is commutative.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) count: u64,
    pub(crate) examples: Vec<Example>,
}

impl Tally {
    /// Counts an occurrence; `example` is called only if it is one of the first.
    pub(crate) fn add(&mut self, place: Place, example: impl FnOnce() -> Example) {
        self.count += 1;
        if self.wants(place) {
            self.keep(example());
        }
    }

    /// Whether an example at this place is among the first.
    pub(crate) fn wants(&self, place: Place) -> bool {
        self.examples.len() < EXAMPLES || self.examples.last().is_some_and(|last| place < last.place)
    }

    /// Keeps an example, if it is among the first.
    pub(crate) fn keep(&mut self, example: Example) {
        let at = self.examples.partition_point(|known| known.place <= example.place);
        self.examples.insert(at, example);
        self.examples.truncate(EXAMPLES);
    }

    pub(crate) fn merge(&mut self, other: Tally) {
        self.count += other.count;
        other.examples.into_iter().for_each(|example| self.keep(example));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_in_any_order_keeps_the_first_examples() {
        let of = |rows: &[u64]| {
            let mut tally = Tally::default();
            for row in rows {
                let place = Place { file: 0, row: *row, line: None, byte: None, copy: 0 };
                let excerpt = Excerpt::default();
                let make = || Example { place, speaker: "answer".into(), turn: 1, excerpt, other: None };
                tally.add(place, make);
            }
            tally
        };
        let whole = of(&[1, 2, 4, 7, 9]);
        for parts in [[&[1, 2][..], &[4, 7, 9]], [&[9, 4], &[7, 2, 1]], [&[], &[2, 9, 7, 4, 1]]] {
            for order in [[0, 1], [1, 0]] {
                let mut merged = Tally::default();
                order.iter().for_each(|i| merged.merge(of(parts[*i])));
                assert_eq!(merged, whole);
            }
        }
    }
}
