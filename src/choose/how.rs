//! What decides which rows leave, and how often.

use arrow::array::BooleanArray;

use super::balance::{Balance, BalanceHow};
use super::choice::Choice;
use super::conflicts::{Conflicts, Keep};
use super::mix::{Mix, MixOptions};
use super::sampler::{Amount, Sampler};
use crate::error::Result;
use crate::record::{Batch, KeyColumn, Policy, Removal, reason};

/// What decides which rows leave, and how often.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum How {
    /// A sample.
    Sample {
        amount: Amount,
        /// Decides which rows are in the sample.
        seed: u64,
        /// Whether it has so many rows of each group.
        grouped: bool,
    },
    /// Of rows with the same prompt, those of one answer.
    Conflicts(Keep),
    /// Classes become equal.
    Balance {
        how: BalanceHow,
        /// The columns whose values are the classes.
        by: Vec<String>,
        /// Decides which rows stay, or leave once more.
        seed: u64,
    },
    /// Sources give their shares.
    Mix(MixOptions),
}

impl How {
    /// The choice, before the first row.
    pub(super) fn choice(&self) -> Box<dyn Choice> {
        match self {
            How::Sample { amount, grouped, .. } => Box::new(Sampler::new(*amount, *grouped)),
            How::Conflicts(keep) => Box::new(Conflicts::new(*keep)),
            How::Balance { how, .. } => Box::new(Balance::new(*how)),
            How::Mix(options) => Box::new(Mix::new(options.clone())),
        }
    }

    /// The seed of the ranks of rows.
    pub(crate) fn seed(&self) -> u64 {
        match self {
            How::Sample { seed, .. } | How::Balance { seed, .. } => *seed,
            How::Mix(options) => options.seed,
            How::Conflicts(_) => 0,
        }
    }

    /// Whether rows get weights.
    pub(super) fn gives_weights(&self) -> bool {
        matches!(self, How::Balance { how: BalanceHow::Weights, .. })
    }

    /// Why the rows that do not stay are removed, in order.
    pub(super) fn removals(&self, batch: &Batch, stays: &BooleanArray) -> Result<Vec<(Policy, Removal)>> {
        let removed: Vec<usize> = (0..stays.len()).filter(|row| !stays.value(*row)).collect();
        if removed.is_empty() {
            return Ok(Vec::new());
        }
        let (policy, code, detail) = self.removal();
        let classes = self.classes().iter().map(|name| Ok((name, KeyColumn::new(batch, name)?)));
        let classes = classes.collect::<Result<Vec<_>>>()?;
        let removal = |index| match classes.iter().find(|(_, column)| column.value(index).is_none()) {
            Some((name, _)) => {
                let detail = format!("`{name}` is absent or null");
                let column = Some(name.to_string());
                (Policy::Reject, Removal { index, code: reason::MISSING_FIELD, column, detail })
            }
            None => (policy, Removal { index, code, column: None, detail: detail.into() }),
        };
        Ok(removed.into_iter().map(removal).collect())
    }

    /// The columns that must have a value, as they say the class of a row.
    fn classes(&self) -> &[String] {
        match self {
            How::Balance { by, .. } => by,
            How::Mix(options) => std::slice::from_ref(&options.by),
            How::Sample { .. } | How::Conflicts(_) => &[],
        }
    }

    /// Why rows are removed that have all values: the policy, the reason and its details.
    fn removal(&self) -> (Policy, &'static str, &'static str) {
        match self {
            How::Sample { .. } => (Policy::Drop, reason::NOT_SAMPLED, ""),
            How::Balance { .. } | How::Mix(_) => (Policy::Drop, reason::SURPLUS, ""),
            How::Conflicts(Keep::First) => (
                Policy::Reject,
                reason::OTHER_ANSWER,
                "an earlier row has the same prompt and another answer",
            ),
            How::Conflicts(Keep::Most) => {
                (Policy::Reject, reason::OTHER_ANSWER, "more rows have the same prompt and another answer")
            }
            How::Conflicts(Keep::None) => {
                (Policy::Reject, reason::OTHER_ANSWER, "another row has the same prompt and another answer")
            }
        }
    }
}
