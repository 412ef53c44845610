//! What decides which rows stay.

use super::choice::Choice;
use super::conflicts::{Conflicts, Keep};
use super::sampler::{Amount, Sampler};
use crate::record::{Policy, reason};

/// What decides which rows stay.
#[derive(Debug, Clone, Copy, PartialEq)]
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
}

impl How {
    /// The choice, before the first row.
    pub(super) fn choice(self) -> Box<dyn Choice> {
        match self {
            How::Sample { amount, grouped, .. } => Box::new(Sampler::new(amount, grouped)),
            How::Conflicts(keep) => Box::new(Conflicts::new(keep)),
        }
    }

    /// The seed of the ranks of rows.
    pub(crate) fn seed(self) -> u64 {
        match self {
            How::Sample { seed, .. } => seed,
            How::Conflicts(_) => 0,
        }
    }

    /// Why the other rows are removed: the policy, the reason and its details.
    pub(super) fn removal(self) -> (Policy, &'static str, &'static str) {
        match self {
            How::Sample { .. } => (Policy::Drop, reason::NOT_SAMPLED, ""),
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
