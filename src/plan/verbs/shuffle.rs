//! `shuffle`: all rows in an order by a seed.

use super::{Step, Verb, only_one};
use crate::error::Result;
use crate::plan::columns::Columns;
use crate::plan::resolve::{Barrier, Builder};

/// Shuffles all rows.
#[derive(Debug, Clone)]
pub struct Shuffle {
    /// Decides the order.
    pub seed: u64,
}

impl Verb for Shuffle {
    fn name(&self) -> &'static str {
        "shuffle"
    }

    fn check(&self, before: &[Step]) -> Result<()> {
        only_one(self, before, |step| matches!(step, Step::Shuffle(_)))
    }

    fn columns(&self, _: &mut Columns<'_>) -> Result<()> {
        Ok(())
    }

    fn resolve(&self, builder: &mut Builder<'_>) -> Result<()> {
        builder.say(&format!("all rows, before the sink; seed={}", self.seed), "barrier");
        builder.barrier(Barrier::Shuffle(self.seed));
        Ok(())
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}
