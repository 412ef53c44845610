//! What happened: counters that add up to the same whatever the number of threads.

use std::collections::BTreeMap;

use crate::record::Place;

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

    /// Counts a finding.
    pub fn find(&mut self, name: impl Into<String>, place: Place, count: u64) {
        if count > 0 {
            note(
                self.findings.entry(name.into()).or_insert(Removed { count: 0, first: place }),
                place,
                count,
            );
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
        for (name, r) in other.findings {
            note(self.findings.entry(name).or_insert(Removed { count: 0, first: r.first }), r.first, r.count);
        }
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
