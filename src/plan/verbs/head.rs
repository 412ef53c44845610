//! `head`: keeps the first rows.

use serde::{Deserialize, Serialize};

use super::chain_checks::bad_chain;
use crate::error::Result;
use crate::plan::columns::Columns;
use crate::plan::resolve::{Build, Builder};
use crate::plan::step::{Chain, Named, Step, Verb};

/// Keeps the first rows, in the order in which they reach the step.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// How many rows, at least 1.
    #[serde(rename = "n")]
    pub rows: usize,
}

impl Named for Head {
    const NAME: &'static str = "head";
}

impl Verb for Head {
    fn check(&self, _: &[Step]) -> Result<()> {
        match self.rows {
            0 => Err(bad_chain("head: `n` must be 1 or more; got 0", "give the number of rows to keep")),
            _ => Ok(()),
        }
    }

    fn columns(&self, _: &mut Columns<'_>) -> Result<()> {
        Ok(())
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let ends_input = !builder.is_after_barrier();
        let order = if ends_input { "in input order" } else { "in the order of the step before" };
        builder.explain(&format!("{} rows, {order}", self.rows), "ordered");
        builder.ordered(Build::Head { rows: self.rows, ends_input })
    }

    fn may_precede_concat(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}
