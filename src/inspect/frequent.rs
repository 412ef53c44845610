//! Texts that occur often: the counters of Misra and Gries.

use std::collections::HashMap;

use crate::record::Place;

/// How many texts are counted at once. The count of a text is too low by at most the rows divided by this number, and
/// exact while there are not more different texts.
const COUNTERS: usize = 1_024;

/// Texts by their hash, with counts and the first row of each. Takes rows in input order, so that the result depends
/// neither on batches nor on threads.
#[derive(Debug, Default)]
pub(crate) struct Frequent {
    counters: HashMap<u64, Counted>,
}

/// A text that was counted.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) count: u64,
    /// The first row since it was counted.
    pub(crate) first: Place,
    /// The number of the turn.
    pub(crate) turn: u32,
    /// Its start, without personal data.
    pub(crate) start: Box<str>,
}

impl Frequent {
    /// Counts a text; `start` gives its start.
    pub(crate) fn add(&mut self, hash: u64, (first, turn): (Place, u32), start: &str) {
        if let Some(counted) = self.counters.get_mut(&hash) {
            counted.count += 1;
        } else if self.counters.len() < COUNTERS {
            self.counters.insert(hash, Counted { count: 1, first, turn, start: start.into() });
        } else {
            // Each text gives one: a row pays for one such round, and there are as many rounds as rows at most.
            self.counters.retain(|_, counted| {
                counted.count -= 1;
                counted.count > 0
            });
        }
    }

    /// The most frequent text; of several, the first.
    pub(crate) fn most(&self) -> Option<&Counted> {
        let order = |counted: &&Counted| (std::cmp::Reverse(counted.count), counted.first);
        self.counters.values().min_by_key(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frequent_text_among_many_others_is_found() {
        let mut frequent = Frequent::default();
        assert!(frequent.most().is_none());
        for row in 0..100_000 {
            let place = Place { file: 0, row, line: None, byte: None, copy: 0 };
            let hash = if row % 20 == 5 { 7 } else { 1_000 + row };
            frequent.add(hash, (place, 2), if hash == 7 { "often" } else { "once" });
        }
        let most = frequent.most().unwrap();
        assert_eq!((&*most.start, most.turn), ("often", 2));
        assert!((5_000 - 100_000 / COUNTERS as u64..=5_000).contains(&most.count), "{}", most.count);
        assert!(frequent.counters.len() <= COUNTERS);
    }
}
