//! The class and the rank of all rows.

use std::collections::HashMap;

use arrow::array::{Array, AsArray};

use super::choice::number;
use crate::error::{Error, Result};
use crate::flow::BarrierRows;
use crate::record::schema::{GROUP, STAYS};

/// What a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    /// The class of this number.
    Class(u32),
    /// No class, as it is of another split. It leaves once.
    Other,
    /// No class, as its value is missing. It is removed.
    Missing,
}

/// The class and the rank of all rows, in input order.
pub(super) struct Classes {
    verb: &'static str,
    /// The number of each class by its key.
    numbers: HashMap<u128, u32>,
    /// The rows of each class.
    pub(super) sizes: Vec<u64>,
    pub(super) rows: Vec<(Member, u64)>,
}

impl Classes {
    /// No rows yet. `verb` is named in errors.
    pub(super) fn new(verb: &'static str) -> Self {
        Classes { verb, numbers: HashMap::new(), sizes: Vec::new(), rows: Vec::new() }
    }

    /// No rows yet, and the classes with these keys, which have the first numbers.
    pub(super) fn known(verb: &'static str, keys: impl Iterator<Item = u128>) -> Self {
        let numbers: HashMap<u128, u32> = keys.zip(0..).collect();
        Classes { verb, sizes: vec![0; numbers.len()], numbers, rows: Vec::new() }
    }

    /// Adds rows. Other classes are numbered in the order in which they come.
    pub(super) fn add(&mut self, rows: &BarrierRows) -> Result<()> {
        let column = |name: &str| {
            let column = rows.records.column_by_name(name);
            column.ok_or_else(|| Error::internal(format!("the rows of a choice have no column `{name}`")))
        };
        let (keys, stays) = (column(GROUP)?.as_fixed_size_binary(), column(STAYS)?.as_boolean());
        for (row, rank) in rows.ranks.iter().enumerate() {
            number(self.verb, self.rows.len())?;
            let member = match keys.is_valid(row) {
                true => {
                    let key = u128::from_be_bytes(keys.value(row).try_into().unwrap_or_default());
                    Member::Class(self.count(key)?)
                }
                false if stays.value(row) => Member::Other,
                false => Member::Missing,
            };
            self.rows.push((member, *rank));
        }
        Ok(())
    }

    /// The number of the class with this key, which has one row more.
    fn count(&mut self, key: u128) -> Result<u32> {
        let next = number(self.verb, self.sizes.len())?;
        let class = *self.numbers.entry(key).or_insert(next);
        if class == next {
            self.sizes.push(0);
        }
        self.sizes[class as usize] += 1;
        Ok(class)
    }

    /// Of each class the rows with the smallest ranks, as many as `rows` says for its number. Of rows with equal ranks
    /// the first.
    pub(super) fn smallest(&self, rows: impl Fn(u32) -> u64) -> Vec<bool> {
        self.chosen(|class, _| usize::try_from(rows(class)).unwrap_or(usize::MAX))
    }

    /// The same, where `how_many` gets the number of a class, and its rows in the order of their ranks.
    pub(super) fn chosen(
        &self,
        how_many: impl Fn(u32, &mut dyn Iterator<Item = usize>) -> usize,
    ) -> Vec<bool> {
        let class = |(row, (member, rank)): (usize, &(Member, u64))| match member {
            Member::Class(class) => Some((*class, *rank, row)),
            Member::Other | Member::Missing => None,
        };
        let mut order: Vec<(u32, u64, usize)> = self.rows.iter().enumerate().filter_map(class).collect();
        order.sort_unstable();
        let mut chosen = vec![false; self.rows.len()];
        for group in order.chunk_by(|a, b| a.0 == b.0) {
            let most = how_many(group[0].0, &mut group.iter().map(|(_, _, row)| *row));
            group.iter().take(most).for_each(|(_, _, row)| chosen[*row] = true);
        }
        chosen
    }
}
