//! `balance`: all classes become equal, in rows or in weight.

use std::ops::Range;

use arrow::array::Float64Array;

use super::choice::{Choice, Decision, in_order};
use super::classes::{Classes, Member};
use super::spread::Spread;
use crate::error::Result;
use crate::flow::BarrierRows;
use crate::word::Word;

/// How classes become equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BalanceHow {
    /// Each keeps as many rows as the smallest has.
    Undersample,
    /// Rows are repeated until each has as many as the largest.
    Oversample,
    /// All rows stay, and get weights whose sums are equal.
    Weights,
}

impl Word for BalanceHow {
    const ALL: &'static [Self] = &[BalanceHow::Undersample, BalanceHow::Oversample, BalanceHow::Weights];

    fn name(self) -> &'static str {
        match self {
            BalanceHow::Undersample => "undersample",
            BalanceHow::Oversample => "oversample",
            BalanceHow::Weights => "weights",
        }
    }
}

/// The classes of all rows.
pub(super) struct Balance {
    how: BalanceHow,
    classes: Classes,
}

impl Balance {
    pub(super) fn new(how: BalanceHow) -> Self {
        Balance { how, classes: Classes::new("balance") }
    }
}

impl Choice for Balance {
    fn add(&mut self, rows: &BarrierRows) -> Result<()> {
        self.classes.add(rows)
    }

    fn decide(self: Box<Self>) -> Result<Box<dyn Decision>> {
        let Balance { how, classes } = *self;
        Ok(match how {
            BalanceHow::Undersample => {
                let least = classes.sizes.iter().copied().min().unwrap_or(0);
                let mut stays = classes.smallest(|_| least);
                for (stays, (member, _)) in stays.iter_mut().zip(&classes.rows) {
                    *stays |= *member == Member::Other;
                }
                Box::new(stays)
            }
            BalanceHow::Oversample => {
                let most = classes.sizes.iter().copied().max().unwrap_or(0);
                // A class has a row, or there would be no such class.
                let size = |class: u32| classes.sizes[class as usize];
                let extra = classes.smallest(|class| most % size(class));
                Box::new(Spread::new(&classes, |class| most / size(class), &extra))
            }
            BalanceHow::Weights => Box::new(Weighted::new(classes)),
        })
    }
}

/// All rows that have a class stay in their order, and get weights.
struct Weighted {
    members: Vec<Member>,
    /// The weight of the rows of each class.
    weights: Vec<f64>,
}

impl Weighted {
    /// The weight is (rows of all classes) / (classes × rows of the class): all weights together are the number of rows.
    fn new(classes: Classes) -> Self {
        let rows: u64 = classes.sizes.iter().sum();
        let weight = |size: &u64| rows as f64 / (classes.sizes.len() as f64 * *size as f64);
        let weights = classes.sizes.iter().map(weight).collect();
        Weighted { members: classes.rows.into_iter().map(|(member, _)| member).collect(), weights }
    }
}

impl Decision for Weighted {
    fn times(&self, row: usize) -> u64 {
        u64::from(self.members[row] != Member::Missing)
    }

    fn rank(&self, row: usize, _: u64) -> u64 {
        in_order(row, self.members.len())
    }

    fn weights(&self, rows: Range<usize>) -> Option<Float64Array> {
        let weight = |member: &Member| match member {
            Member::Class(class) => self.weights[*class as usize],
            Member::Other | Member::Missing => 1.0,
        };
        Some(Float64Array::from_iter_values(self.members[rows].iter().map(weight)))
    }
}
