//! `sample`: the rows with the smallest ranks, of all rows or of each group.

use std::collections::HashMap;

use super::choice::{Choice, Decision, number};
use crate::error::Result;
use crate::flow::BarrierRows;
use crate::record::keys_of;
use crate::record::schema::GROUP;

/// How many rows a sample has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Amount {
    /// So many, or all if there are fewer.
    Rows(u64),
    /// This share, rounded to a whole number of rows.
    Share(f64),
}

impl Amount {
    /// How many of `rows` rows are in the sample.
    fn of(self, rows: usize) -> usize {
        match self {
            Amount::Rows(n) => usize::try_from(n).unwrap_or(usize::MAX),
            Amount::Share(share) => (share * rows as f64).round() as usize,
        }
        .min(rows)
    }
}

/// The group and the rank of all rows.
pub(super) struct Sampler {
    amount: Amount,
    /// The number of each group by its key; none if there are no groups.
    groups: Option<HashMap<u128, u32>>,
    rows: Vec<(u32, u64)>,
}

impl Sampler {
    pub(super) fn new(amount: Amount, grouped: bool) -> Self {
        Sampler { amount, groups: grouped.then(HashMap::new), rows: Vec::new() }
    }
}

impl Choice for Sampler {
    fn add(&mut self, rows: &BarrierRows) -> Result<()> {
        match &mut self.groups {
            None => self.rows.extend(rows.ranks.iter().map(|rank| (0, *rank))),
            Some(groups) => {
                for (key, rank) in keys_of(&rows.records, GROUP)?.into_iter().zip(&rows.ranks) {
                    let next = number("sample", groups.len())?;
                    self.rows.push((*groups.entry(key).or_insert(next), *rank));
                }
            }
        }
        Ok(())
    }

    fn decide(self: Box<Self>) -> Result<Box<dyn Decision>> {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        // Of rows with equal ranks the first.
        order.sort_unstable_by_key(|row| (self.rows[*row], *row));
        let mut stays = vec![false; self.rows.len()];
        for group in order.chunk_by(|a, b| self.rows[*a].0 == self.rows[*b].0) {
            for row in &group[..self.amount.of(group.len())] {
                stays[*row] = true;
            }
        }
        Ok(Box::new(stays))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        assert_eq!([0, 2, 3, 9].map(|rows| Amount::Rows(3).of(rows)), [0, 2, 3, 3]);
        assert_eq!([0, 1, 2, 5, 10, 1_000].map(|rows| Amount::Share(0.25).of(rows)), [0, 0, 1, 1, 3, 250]);
        assert_eq!(Amount::Share(1.0).of(7), 7);
    }

    #[test]
    fn the_smallest_ranks_of_each_group_stay() {
        let rows = vec![(0, 5), (1, 9), (0, 1), (1, 2), (0, 5), (2, 7)];
        let times = |amount| {
            let sampler = Box::new(Sampler { amount, groups: None, rows: rows.clone() });
            let decision = sampler.decide().unwrap();
            (0..rows.len()).map(|row| decision.times(row)).collect::<Vec<_>>()
        };
        assert_eq!(times(Amount::Rows(1)), [0, 0, 1, 1, 0, 1]);
        assert_eq!(times(Amount::Rows(2)), [1, 1, 1, 1, 0, 1]);
    }
}
