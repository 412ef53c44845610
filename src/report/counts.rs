//! Counters of a run. Their sums do not depend on the number of threads.

use std::collections::BTreeMap;

use crate::limits::LATE_COLUMNS;
use crate::record::Place;
use crate::record::finding::{Finding, LATE_COLUMN, LATE_COLUMNS as MORE_LATE_COLUMNS};

use super::tally::{Occurrences, add};

/// The counters of one step. Merging is commutative, so that the result does not depend on the order of batches.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepCounts {
    /// Rows that came in.
    pub rows_in: u64,
    /// Rows that went to the next step: `rows_in − Σ removed`, and the copies of rows.
    pub rows_out: u64,
    /// Removed rows, by reason code.
    pub removed: BTreeMap<&'static str, Occurrences>,
    /// Removed rows whose cause is a column, by reason code and column.
    pub columns: BTreeMap<(&'static str, String), u64>,
    /// Findings: how many of each, and the first row.
    pub findings: BTreeMap<Finding, Occurrences>,
    /// Sums by name: `tokens`, `trained_tokens`, `truncated`, ….
    pub sums: BTreeMap<&'static str, u64>,
    /// Rows by length in tokens.
    pub lengths: BTreeMap<u32, u64>,
    /// Rows by group and split: `report_by=`.
    pub groups: BTreeMap<(String, u8), u64>,
}

impl StepCounts {
    /// Counts a removed row.
    pub(crate) fn add_removed(&mut self, code: &'static str, place: Place) {
        add(&mut self.removed, code, Occurrences { count: 1, first: place });
    }

    /// Counts the column that is the cause of a removed row.
    pub(crate) fn blame(&mut self, code: &'static str, column: &str) {
        *self.columns.entry((code, column.to_string())).or_default() += 1;
    }

    /// Counts a finding; nothing where `count` is 0.
    pub(crate) fn add_finding(&mut self, code: &'static str, place: Place, count: u64) {
        if count > 0 {
            self.add_occurrences(Finding::new(code), Occurrences { count, first: place });
        }
    }

    /// Counts a finding that names a column, a token or a policy; nothing where `count` is 0.
    pub(crate) fn add_named_finding(&mut self, code: &'static str, name: &str, place: Place, count: u64) {
        if count > 0 {
            self.add_occurrences(Finding::with_name(code, name), Occurrences { count, first: place });
        }
    }

    fn add_occurrences(&mut self, finding: Finding, occurrences: Occurrences) {
        let is_late = finding.code == LATE_COLUMN;
        add(&mut self.findings, finding, occurrences);
        if is_late {
            self.limit_late_columns();
        }
    }

    /// Names at most [`LATE_COLUMNS`] late columns, the first in bytewise order, and counts the others together. A
    /// column that is named for all rows is named for each part of the rows too, so that its count is complete.
    fn limit_late_columns(&mut self) {
        let named = |finding: &&Finding| finding.code == LATE_COLUMN;
        while self.findings.keys().filter(named).count() > LATE_COLUMNS {
            let Some(last) = self.findings.keys().rfind(named).cloned() else { return };
            if let Some(occurrences) = self.findings.remove(&last) {
                add(&mut self.findings, Finding::new(MORE_LATE_COLUMNS), occurrences);
            }
        }
    }

    /// Adds to a sum.
    pub(crate) fn add(&mut self, name: &'static str, n: u64) {
        *self.sums.entry(name).or_default() += n;
    }

    /// Adds another batch's counts.
    pub fn merge(&mut self, other: StepCounts) {
        self.rows_in += other.rows_in;
        self.rows_out += other.rows_out;
        for (code, rows) in other.removed {
            add(&mut self.removed, code, rows);
        }
        for (column, n) in other.columns {
            *self.columns.entry(column).or_default() += n;
        }
        for (finding, occurrences) in other.findings {
            add(&mut self.findings, finding, occurrences);
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

    /// The count of the finding with this name: `code` or `code:name`.
    pub(crate) fn finding_count(&self, name: &str) -> u64 {
        let entry = self.findings.iter().find(|(finding, _)| finding.to_string() == name);
        entry.map_or(0, |(_, occurrences)| occurrences.count)
    }

    /// Removed rows, for all reasons.
    pub(crate) fn removed_rows(&self) -> u64 {
        self.removed.values().map(|r| r.count).sum()
    }
}

/// Adds the counts of a pass to those of the run, step by step.
pub fn add_pass(counts: &mut [StepCounts], pass_counts: Vec<StepCounts>) {
    counts.iter_mut().zip(pass_counts).for_each(|(all, counts)| all.merge(counts));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::finding::COERCED;

    /// Rows of one column each, counted in parts of several sizes and merged in both orders.
    #[test]
    fn the_late_columns_that_are_named_do_not_depend_on_batches() {
        let place = |row| Place { file: 0, row, line: None, byte: None, copy: 0 };
        let columns: Vec<u64> = (0..3_000).map(|i| i * 7_919 % 251).collect();
        let counted = |size: usize, reverse: bool| {
            let mut parts: Vec<StepCounts> = vec![];
            for (part, columns) in columns.chunks(size).enumerate() {
                let mut counts = StepCounts::default();
                for (i, column) in columns.iter().enumerate() {
                    counts.add_named_finding(
                        LATE_COLUMN,
                        &column.to_string(),
                        place((part * size + i) as u64),
                        1,
                    );
                }
                parts.push(counts);
            }
            if reverse {
                parts.reverse();
            }
            let mut all = StepCounts::default();
            all.add_named_finding(COERCED, "x", place(5), 2);
            parts.into_iter().for_each(|counts| all.merge(counts));
            all
        };
        let whole = counted(3_000, false);
        assert_eq!(whole.findings.len(), LATE_COLUMNS + 2);
        assert_eq!(whole.findings.values().map(|r| r.count).sum::<u64>(), 3_002);
        let mut names: Vec<String> = (0..251).map(|i| format!("late_column:{i}")).collect();
        names.sort();
        assert!(names[..LATE_COLUMNS].iter().all(|name| whole.finding_count(name) > 0));
        for size in [1, 3, 100, 777] {
            assert_eq!(counted(size, false), whole);
            assert_eq!(counted(size, true), whole);
        }
    }
}
