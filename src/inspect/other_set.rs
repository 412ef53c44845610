//! The rows of another set, which rows are compared with: 32 bytes for each different row, and 32 for each different
//! prompt, times 1.1 to 2.3 for the free places of hash tables.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::packed_places::PackedPlaces;
use super::row_keys::{NO_PROMPT, NO_TEXTS, RowKeys};
use crate::record::Place;

/// Rows of the other set with the same key.
struct Known {
    key: u128,
    /// The number of the first.
    first: u64,
    rows: u32,
    has_prompt: bool,
    /// Whether a row of this set has the key.
    is_found: bool,
}

/// What the other set has of a row.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shared {
    /// The first row there that is equal.
    pub(super) row: Option<Place>,
    /// The first row there with the same prompt; only where no row is equal.
    pub(super) prompt: Option<Place>,
}

/// Numbers of rows, here or there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) rows: u64,
    /// Those whose prompt is shared, and not the row.
    pub(super) prompts: u64,
}

/// All rows of the other set.
#[derive(Default)]
pub(crate) struct OtherSet {
    rows: HashTable<Known>,
    prompts: HashTable<Known>,
    places: PackedPlaces,
    pub(super) total: u64,
    /// Rows that are none of their dialect, which are not compared.
    pub(super) unread: u64,
    /// The number of its first file.
    first_file: u32,
}

impl OtherSet {
    /// Adds a row of the other set, in input order.
    pub(super) fn add(&mut self, row: &RowKeys) {
        self.total += 1;
        if row.whole == NO_TEXTS {
            return;
        }
        let number = self.places.number(row.place);
        let has_prompt = row.prompt != NO_PROMPT;
        count(&mut self.rows, Known::new(whole(row), number, has_prompt));
        if has_prompt {
            count(&mut self.prompts, Known::new(row.prompt, number, true));
        }
    }

    /// Says that its files are numbered from `first`.
    pub(crate) fn files_from(&mut self, first: usize) {
        self.first_file = first as u32;
    }

    /// Looks up a row of this set, which is remembered.
    pub(super) fn look_up(&mut self, row: &RowKeys) -> Shared {
        if row.whole == NO_TEXTS {
            return Shared::default();
        }
        let whole = find(&mut self.rows, whole(row));
        let prompt = find(&mut self.prompts, row.prompt);
        let place = |number: u64| {
            let place = self.places.place(number);
            Place { file: place.file + self.first_file, ..place }
        };
        let prompt = if whole.is_some() { None } else { prompt };
        Shared { row: whole.map(place), prompt: prompt.map(place) }
    }

    /// Rows of the other set whose row or prompt was looked up.
    pub(super) fn found(&self) -> Found {
        let rows = |known: &Known| if known.is_found { u64::from(known.rows) } else { 0 };
        let with_prompt = self.rows.iter().filter(|known| known.has_prompt).map(rows).sum::<u64>();
        Found {
            rows: self.rows.iter().map(rows).sum(),
            prompts: self.prompts.iter().map(rows).sum::<u64>() - with_prompt,
        }
    }
}

impl Known {
    fn new(key: u128, first: u64, has_prompt: bool) -> Self {
        Known { key, first, rows: 1, has_prompt, is_found: false }
    }
}

/// The key of a whole row.
fn whole(row: &RowKeys) -> u128 {
    row.prompt ^ (u128::from(row.whole) << 64 | u128::from(row.whole.rotate_left(32)))
}

fn count(table: &mut HashTable<Known>, new: Known) {
    match table.entry(new.key as u64, |known| known.key == new.key, |known| known.key as u64) {
        Entry::Vacant(entry) => drop(entry.insert(new)),
        Entry::Occupied(entry) => {
            let known = entry.into_mut();
            known.rows = known.rows.saturating_add(1);
        }
    }
}

fn find(table: &mut HashTable<Known>, key: u128) -> Option<u64> {
    let known = table.find_mut(key as u64, |known| known.key == key)?;
    known.is_found = true;
    Some(known.first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_prompts_are_found_in_both_directions() {
        let row = |row: u64, prompt: u128, whole: u64| {
            let place = Place { file: 0, row, line: Some(row + 1), byte: None, copy: 0 };
            RowKeys { place, whole, prompt, answer: whole, is_only: true, label: None }
        };
        let mut other = OtherSet::default();
        let there = [(7, 1), (7, 1), (7, 2), (8, 3), (NO_PROMPT, 4), (9, 5)];
        (0..).zip(there).for_each(|(i, (prompt, whole))| other.add(&row(i, prompt, whole)));
        other.files_from(3);
        assert_eq!(other.total, 6);
        let mut look_up = |prompt, whole| {
            let shared = other.look_up(&row(0, prompt, whole));
            let line = |place: Place| (place.file, place.line.unwrap());
            (shared.row.map(line), shared.prompt.map(line))
        };
        assert_eq!(look_up(7, 2), (Some((3, 3)), None));
        assert_eq!(look_up(7, 9), (None, Some((3, 1))));
        assert_eq!(look_up(8, 9), (None, Some((3, 4))));
        assert_eq!(look_up(NO_PROMPT, 4), (Some((3, 5)), None));
        assert_eq!(look_up(NO_PROMPT, 9), (None, None));
        assert_eq!(look_up(5, 1), (None, None));
        assert_eq!(other.found(), Found { rows: 2, prompts: 3 });
    }
}
