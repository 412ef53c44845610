//! What is counted of one kind of thing in the rows.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::record::Place;

/// Counts that add up. Merging is commutative and associative, so that neither batches nor threads can show.
pub(crate) trait Tally {
    /// Adds another's counts.
    fn merge(&mut self, other: Self);
    /// How many.
    fn count(&self) -> u64;
    /// The first in input order.
    fn first(&self) -> Place;
}

/// How many, and the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrences {
    /// How many.
    pub(crate) count: u64,
    /// The first in input order.
    pub(crate) first: Place,
}

impl Tally for Occurrences {
    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.min(other.first);
    }

    fn count(&self) -> u64 {
        self.count
    }

    fn first(&self) -> Place {
        self.first
    }
}

/// Adds a tally to that of its key.
pub(crate) fn add<K: Ord, T: Tally>(to: &mut BTreeMap<K, T>, key: K, tally: T) {
    match to.entry(key) {
        Entry::Vacant(entry) => drop(entry.insert(tally)),
        Entry::Occupied(mut entry) => entry.get_mut().merge(tally),
    }
}
