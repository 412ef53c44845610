//! `shuffle`: all rows in an order by a seed.

use serde::{Deserialize, Serialize};

use super::{Step, Verb, only_one};
use crate::error::Result;
use crate::plan::columns::Columns;
use crate::plan::resolve::{Barrier, Builder};

/// Shuffles all rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shuffle {
    /// Decides the order.
    pub seed: u64,
}

impl Verb for Shuffle {
    fn check(&self, before: &[Step]) -> Result<()> {
        only_one(Self::NAME, before, |step| matches!(step, Step::Shuffle(_)))
    }

    fn columns(&self, _: &mut Columns<'_>) -> Result<()> {
        Ok(())
    }

    fn resolve(&self, builder: &mut Builder<'_>) -> Result<()> {
        builder.say(&format!("all rows, before the sink; seed={}", self.seed), "barrier");
        builder.barrier(Barrier::Shuffle(self.seed));
        Ok(())
    }

    fn is_of_one_source(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}
