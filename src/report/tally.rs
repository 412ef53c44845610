//! Counts of one reason or finding.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::record::Place;

/// Counts that can be merged. Merging is commutative and associative, so that the result depends neither on batches
/// nor on threads.
pub(crate) trait Tally {
    /// Adds the counts of `other`.
    fn merge(&mut self, other: Self);
    /// How often it occurs.
    fn count(&self) -> u64;
    /// The first place in input order.
    fn first(&self) -> Place;
}

/// A count, and the first place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrences {
    /// How often it occurs.
    pub(crate) count: u64,
    /// The first place in input order.
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

/// Merges a tally into the tally of its key.
pub(crate) fn add<K: Ord, T: Tally>(to: &mut BTreeMap<K, T>, key: K, tally: T) {
    match to.entry(key) {
        Entry::Vacant(entry) => drop(entry.insert(tally)),
        Entry::Occupied(mut entry) => entry.get_mut().merge(tally),
    }
}
