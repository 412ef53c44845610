//! What happened: counters that add up to the same whatever the number of threads.

use std::collections::BTreeMap;

use crate::limits::LATE_COLUMNS;
use crate::record::Place;

/// Begins the name of a finding for a column that was not in the heads of the files.
const LATE_COLUMN: &str = "late_column:";
/// The finding for all such columns that are not named.
const MORE_LATE_COLUMNS: &str = "late_columns";

/// Rows taken out for one reason: how many, and the first of them in input order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// Rows.
    pub count: u64,
    /// The first in input order.
    pub first: Place,
}

/// The counters of one step. Merging is commutative, so that the order of batches cannot show.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepCounts {
    /// Rows that came in.
    pub rows_in: u64,
    /// Rows that went on: `rows_in − Σ removed`.
    pub rows_out: u64,
    /// By reason code.
    pub removed: BTreeMap<&'static str, Removed>,
    /// Of those for which a column is to blame, how many by column.
    pub columns: BTreeMap<(&'static str, String), u64>,
    /// Findings that removed nothing, by name: how many, and the first row.
    pub findings: BTreeMap<String, Removed>,
    /// Sums by name: `tokens`, `trained_tokens`, `truncated`, ….
    pub sums: BTreeMap<&'static str, u64>,
    /// Rows by length in tokens.
    pub lengths: BTreeMap<u32, u64>,
    /// Rows by group and split: `report_by=`.
    pub groups: BTreeMap<(String, u8), u64>,
}

impl StepCounts {
    /// Counts a removed row.
    pub fn remove(&mut self, code: &'static str, place: Place) {
        note(self.removed.entry(code).or_insert(Removed { count: 0, first: place }), place, 1);
    }

    /// Counts the column that is to blame for a removed row.
    pub fn blame(&mut self, code: &'static str, column: &str) {
        *self.columns.entry((code, column.to_string())).or_default() += 1;
    }

    /// Counts a finding.
    pub fn find(&mut self, name: impl Into<String>, place: Place, count: u64) {
        if count > 0 {
            let name = name.into();
            let is_late = name.starts_with(LATE_COLUMN);
            note(self.findings.entry(name).or_insert(Removed { count: 0, first: place }), place, count);
            if is_late {
                self.limit_late_columns();
            }
        }
    }

    /// Counts together what is not to be named. The names that stay come first in bytewise order, in each part of
    /// the rows as in all of them, so that their counts are whole.
    fn limit_late_columns(&mut self) {
        let named = |name: &&String| name.starts_with(LATE_COLUMN);
        while self.findings.keys().filter(named).count() > LATE_COLUMNS {
            let Some(last) = self.findings.keys().rfind(named).cloned() else { return };
            if let Some(r) = self.findings.remove(&last) {
                let more = self.findings.entry(MORE_LATE_COLUMNS.into());
                note(more.or_insert(Removed { count: 0, first: r.first }), r.first, r.count);
            }
        }
    }

    /// Adds to a sum.
    pub fn add(&mut self, name: &'static str, n: u64) {
        *self.sums.entry(name).or_default() += n;
    }

    /// Adds another batch's counts.
    pub fn merge(&mut self, other: StepCounts) {
        self.rows_in += other.rows_in;
        self.rows_out += other.rows_out;
        for (code, r) in other.removed {
            note(self.removed.entry(code).or_insert(Removed { count: 0, first: r.first }), r.first, r.count);
        }
        for (blamed, n) in other.columns {
            *self.columns.entry(blamed).or_default() += n;
        }
        for (name, r) in other.findings {
            note(self.findings.entry(name).or_insert(Removed { count: 0, first: r.first }), r.first, r.count);
        }
        self.limit_late_columns();
        for (name, n) in other.sums {
            *self.sums.entry(name).or_default() += n;
        }
        for (length, n) in other.lengths {
            *self.lengths.entry(length).or_default() += n;
        }
        for (group, n) in other.groups {
            *self.groups.entry(group).or_default() += n;
        }
    }

    /// Rows taken out, for all reasons.
    pub fn removed_rows(&self) -> u64 {
        self.removed.values().map(|r| r.count).sum()
    }
}

fn note(entry: &mut Removed, place: Place, count: u64) {
    entry.count += count;
    entry.first = entry.first.min(place);
}

/// The length at this share of the rows (nearest rank, so a length that occurs), of a histogram.
pub fn quantile(lengths: &BTreeMap<u32, u64>, share: f64) -> Option<u32> {
    let rows: u64 = lengths.values().sum();
    let rank = ((rows as f64 * share).ceil() as u64).clamp(1, rows.max(1));
    let mut seen = 0;
    lengths
        .iter()
        .find(|&(_, n)| {
            seen += n;
            seen >= rank
        })
        .map(|(length, _)| *length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of one column each, counted in parts of any size and merged in any order.
    #[test]
    fn the_late_columns_that_are_named_do_not_depend_on_batches() {
        let place = |row| Place { file: 0, row, line: None, byte: None };
        let columns: Vec<u64> = (0..3_000).map(|i| i * 7_919 % 251).collect();
        let counted = |size: usize, reverse: bool| {
            let mut parts: Vec<StepCounts> = vec![];
            for (part, columns) in columns.chunks(size).enumerate() {
                let mut counts = StepCounts::default();
                for (i, column) in columns.iter().enumerate() {
                    counts.find(format!("late_column:{column}"), place((part * size + i) as u64), 1);
                }
                parts.push(counts);
            }
            if reverse {
                parts.reverse();
            }
            let mut all = StepCounts::default();
            all.find("coerced:x", place(5), 2);
            parts.into_iter().for_each(|counts| all.merge(counts));
            all
        };
        let whole = counted(3_000, false);
        assert_eq!(whole.findings.len(), LATE_COLUMNS + 2);
        assert_eq!(whole.findings.values().map(|r| r.count).sum::<u64>(), 3_002);
        let mut names: Vec<String> = (0..251).map(|i| format!("late_column:{i}")).collect();
        names.sort();
        assert!(names[..LATE_COLUMNS].iter().all(|name| whole.findings.contains_key(name)));
        for size in [1, 3, 100, 777] {
            assert_eq!(counted(size, false), whole);
            assert_eq!(counted(size, true), whole);
        }
    }
}
