//! Rows and bytes by split.

/// Rows and bytes of content, by the number of the split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    pub(crate) rows: Vec<u64>,
    pub(crate) bytes: Vec<u64>,
}

impl Totals {
    /// Zeros for `splits` splits.
    pub(crate) fn none(splits: usize) -> Self {
        Totals { rows: vec![0; splits], bytes: vec![0; splits] }
    }

    /// Counts a row.
    pub(crate) fn add(&mut self, split: usize, bytes: u64) {
        self.rows[split] += 1;
        self.bytes[split] += bytes;
    }

    /// Adds the counts of `other`.
    pub(crate) fn merge(&mut self, other: &Totals) {
        let add = |sums: &mut Vec<u64>, more: &[u64]| sums.iter_mut().zip(more).for_each(|(a, m)| *a += m);
        add(&mut self.rows, &other.rows);
        add(&mut self.bytes, &other.bytes);
    }
}
