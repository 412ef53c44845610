//! The prompts seen so far: duplicates, and prompts with several answers. 48 bytes for each different prompt, and 24 for
//! each further row of one that is no duplicate, times 1.1 to 2.3 for the free places of hash tables.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::packed_places::PackedPlaces;
use super::row_keys::{NO_PROMPT, NO_TEXTS, RowKeys};
use crate::record::Place;

/// What a row is to the rows before it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The first row with the same prompt and answer.
    pub(crate) same: Option<Place>,
    /// The first row with the same prompt and another answer; only for the first time that an answer occurs.
    pub(crate) conflict: Option<Place>,
}

struct Prompt {
    key: u128,
    answer: u64,
    /// The keys and the number of the first row.
    whole: u64,
    first: u64,
    rows: u32,
    answers: u32,
    /// Whether it has a good answer (1), and whether it has a bad one (2).
    labels: u8,
}

/// All prompts so far. Takes rows in input order.
#[derive(Default)]
pub(crate) struct PromptIndex {
    prompts: HashTable<Prompt>,
    /// Further rows and further answers: a hash of the prompt with the row or with the answer, and the row.
    others: HashTable<(u128, u64)>,
    places: PackedPlaces,
    pub(crate) duplicates: u64,
    /// Prompts with several answers, and the rows that have them.
    pub(crate) conflicts: u64,
    pub(crate) conflict_rows: u64,
    /// Prompts with a good answer and a bad one, and the rows that have them.
    pub(crate) both_labels: u64,
    pub(crate) both_label_rows: u64,
}

/// Both labels.
const BOTH: u8 = 3;

impl PromptIndex {
    /// Adds a row.
    pub(crate) fn add(&mut self, row: &RowKeys) -> Seen {
        if row.whole == NO_TEXTS {
            return Seen::default();
        }
        let number = self.places.number(row.place);
        let hash = |prompt: &Prompt| prompt.key as u64;
        let label = row.label.map_or(0, |label| if label { 1 } else { 2 });
        let prompt = match self.prompts.entry(row.prompt as u64, |p| p.key == row.prompt, hash) {
            Entry::Vacant(entry) => {
                let RowKeys { prompt: key, answer, whole, .. } = *row;
                entry.insert(Prompt {
                    key,
                    answer,
                    whole,
                    first: number,
                    rows: 1,
                    answers: 1,
                    labels: label,
                });
                return Seen::default();
            }
            Entry::Occupied(entry) => entry.into_mut(),
        };
        prompt.rows = prompt.rows.saturating_add(1);
        if row.prompt != NO_PROMPT {
            let had_both = prompt.labels == BOTH;
            prompt.labels |= label;
            if prompt.labels == BOTH {
                self.both_labels += u64::from(!had_both);
                self.both_label_rows += if had_both { 1 } else { u64::from(prompt.rows) };
            }
        }
        let same = match prompt.whole == row.whole {
            true => Some(prompt.first),
            false => first_with(&mut self.others, row.prompt ^ WHOLE, row.whole, number),
        };
        let is_new = row.answer != prompt.answer
            && first_with(&mut self.others, row.prompt, row.answer, number).is_none();
        prompt.answers += u32::from(is_new);
        let (first, rows, answers) = (prompt.first, prompt.rows, prompt.answers);
        self.duplicates += u64::from(same.is_some());
        let mut seen = Seen { same: same.map(|number| self.places.place(number)), conflict: None };
        if row.is_only && row.prompt != NO_PROMPT && answers > 1 {
            let is_first = is_new && answers == 2;
            self.conflicts += u64::from(is_first);
            self.conflict_rows += if is_first { u64::from(rows) } else { 1 };
            seen.conflict = is_new.then(|| self.places.place(first));
        }
        seen
    }
}

/// Tells rows from answers in the same table.
const WHOLE: u128 = 1 << 127;

/// The first row with this key of a prompt; this one, and none, if it is the first.
fn first_with(others: &mut HashTable<(u128, u64)>, prompt: u128, key: u64, number: u64) -> Option<u64> {
    let pair = prompt ^ (u128::from(key) << 64 | u128::from(key.rotate_left(32)));
    match others.entry(pair as u64, |(known, _)| *known == pair, |(known, _)| *known as u64) {
        Entry::Vacant(entry) => {
            entry.insert((pair, number));
            None
        }
        Entry::Occupied(entry) => Some(entry.get().1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds rows of prompt and answer; for each, the rows that it repeats and contradicts.
    fn add(index: &mut PromptIndex, rows: &[(u128, u64)]) -> Vec<(Option<u64>, Option<u64>)> {
        let seen = rows.iter().enumerate().map(|(i, (prompt, answer))| {
            let place = Place { file: 1, row: i as u64, line: Some(i as u64 + 1), byte: None, copy: 0 };
            let keys = RowKeys {
                place,
                whole: *answer,
                prompt: *prompt,
                answer: answer / 10,
                is_only: true,
                label: None,
            };
            let seen = index.add(&keys);
            (seen.same.map(|p| p.row), seen.conflict.map(|p| p.row))
        });
        seen.collect()
    }

    #[test]
    fn duplicates_and_conflicts_name_the_first_row() {
        let mut index = PromptIndex::default();
        // 10 and 11 are one answer with other white space.
        let rows = [
            (7, 10),
            (8, 10),
            (7, 10),
            (7, 20),
            (7, 20),
            (7, 30),
            (7, 11),
            (7, 11),
            (0, 10),
            (0, 20),
            (0, 20),
        ];
        let none = (None, None);
        let expected = [
            none,
            none,
            (Some(0), None),
            (None, Some(0)),
            (Some(3), None),
            (None, Some(0)),
            none,
            (Some(6), None),
            none,
            none,
            (Some(9), None),
        ];
        assert_eq!(add(&mut index, &rows), expected);
        assert_eq!((index.duplicates, index.conflicts, index.conflict_rows), (4, 1, 7));
    }

    #[test]
    fn answers_of_pairs_do_not_contradict_one_another() {
        let mut index = PromptIndex::default();
        let place = Place { file: 0, row: 0, line: None, byte: None, copy: 0 };
        for answer in [1, 2, 2, 1] {
            index.add(&RowKeys { place, whole: answer, prompt: 5, answer, is_only: false, label: None });
        }
        assert_eq!((index.duplicates, index.conflicts), (2, 0));
    }

    #[test]
    fn prompts_with_both_labels_are_counted_with_all_their_rows() {
        let mut index = PromptIndex::default();
        let place = Place { file: 0, row: 0, line: None, byte: None, copy: 0 };
        let labels =
            [(5, true), (5, true), (5, false), (5, true), (6, true), (6, true), (7, false), (7, true)];
        for (answer, (prompt, label)) in (1..).zip(labels) {
            let label = Some(label);
            index.add(&RowKeys { place, whole: answer, prompt, answer, is_only: false, label });
        }
        assert_eq!((index.both_labels, index.both_label_rows, index.conflicts), (2, 6, 0));
    }
}
