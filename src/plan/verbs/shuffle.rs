//! `shuffle`: shuffles all rows by a seed.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::plan::columns::Columns;
use crate::plan::resolve::{Builder, Order};
use crate::plan::step::{Chain, Named, Step, Verb};

/// Shuffles all rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shuffle {
    /// Decides the order.
    pub seed: u64,
}

impl Named for Shuffle {
    const NAME: &'static str = "shuffle";
}

impl Verb for Shuffle {
    fn check(&self, _: &[Step]) -> Result<()> {
        Ok(())
    }

    fn columns(&self, _: &mut Columns<'_>) -> Result<()> {
        Ok(())
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        if chain.after().is_empty() {
            builder.keep_splits()?;
        }
        builder.explain(&format!("all rows; seed={}", self.seed), "barrier");
        builder.barrier(Order::Shuffle(self.seed))
    }

    fn may_precede_concat(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}
