//! Answers that are classes: few short texts, each of them repeated.

use std::collections::BTreeMap;

/// The most classes.
const MOST: usize = 1_000;
/// The longest text of a class, in bytes.
const LONGEST: usize = 64;

/// How often each answer occurs, until there are too many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Classes {
    /// The number of rows of each answer.
    Few(BTreeMap<String, u64>),
    /// There are more than [`MOST`] answers, or a long one.
    Many,
}

/// Whether the answer is short enough for a class.
pub(super) fn can_be_class(answer: &str) -> bool {
    answer.len() <= LONGEST
}

/// The entropy of counts in bits, and the greatest that so many counts can have.
pub(super) fn entropy(counts: impl Iterator<Item = u64> + Clone) -> (f64, f64) {
    let (all, classes) = (counts.clone().sum::<u64>() as f64, counts.clone().count() as f64);
    let bits = counts.filter(|n| *n > 0).map(|n| n as f64 / all).map(|share| -share * share.log2());
    (bits.sum::<f64>().max(0.0), classes.log2().max(0.0))
}

impl Default for Classes {
    fn default() -> Self {
        Classes::Few(BTreeMap::new())
    }
}

impl Classes {
    pub(crate) fn add(&mut self, answer: &str) {
        if !can_be_class(answer) {
            *self = Classes::Many;
        }
        let Classes::Few(counts) = self else { return };
        match counts.get_mut(answer) {
            Some(count) => *count += 1,
            None => drop(counts.insert(answer.into(), 1)),
        }
        self.limit();
    }

    pub(crate) fn merge(&mut self, other: Classes) {
        match (&mut *self, other) {
            (Classes::Few(counts), Classes::Few(others)) => {
                others.into_iter().for_each(|(answer, n)| *counts.entry(answer).or_default() += n);
            }
            _ => *self = Classes::Many,
        }
        self.limit();
    }

    /// The number of rows of each class, in the order of their names; none where answers are not classes.
    pub(super) fn counts(&self) -> Option<impl Iterator<Item = u64> + Clone> {
        match self {
            Classes::Few(counts) => Some(counts.values().copied()),
            Classes::Many => None,
        }
    }

    fn limit(&mut self) {
        if matches!(self, Classes::Few(counts) if counts.len() > MOST) {
            *self = Classes::Many;
        }
    }

    /// The classes with their rows, the largest first; none where answers are not classes: they are, where there are at
    /// least two, and on average three rows for each.
    pub(crate) fn ranked(&self) -> Option<Vec<(&str, u64)>> {
        let Classes::Few(counts) = self else { return None };
        let rows: u64 = counts.values().sum();
        if counts.len() < 2 || rows < 3 * counts.len() as u64 {
            return None;
        }
        let mut ranked: Vec<_> = counts.iter().map(|(answer, n)| (answer.as_str(), *n)).collect();
        ranked.sort_by(|(a, n), (b, m)| m.cmp(n).then(a.cmp(b)));
        Some(ranked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_answers_that_are_repeated_are_classes() {
        let of = |answers: &[&str]| {
            let mut classes = Classes::default();
            answers.iter().for_each(|answer| classes.add(answer));
            classes
        };
        let six = of(&["b", "a", "a", "b", "a", "b"]);
        assert_eq!(six.ranked().unwrap(), [("a", 3), ("b", 3)]);
        assert_eq!(of(&["a", "a", "b", "b", "c"]).ranked(), None);
        assert_eq!(of(&["a"; 9]).ranked(), None);
        assert_eq!(of(&[&"x".repeat(65)]), Classes::Many);
        assert_eq!(entropy(six.counts().unwrap()), (1.0, 1.0));
        assert_eq!(entropy([7].into_iter()), (0.0, 0.0));
        let many: Vec<String> = (0..=MOST).map(|n| n.to_string()).collect();
        let (one, two) = many.split_at(400);
        let part = |part: &[String]| of(&part.iter().map(String::as_str).collect::<Vec<_>>());
        for (mut a, b) in [(part(one), part(two)), (part(two), part(one))] {
            a.merge(b);
            assert_eq!(a, Classes::Many);
        }
    }
}
