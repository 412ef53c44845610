//! `head`: the first rows.

use serde::{Deserialize, Serialize};

use super::{Step, Verb, bad_chain, not_shuffled};
use crate::error::Result;
use crate::plan::columns::Columns;
use crate::plan::resolve::{Build, Builder};

/// Keeps the first rows, in input order.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// How many, at least 1.
    #[serde(rename = "n")]
    pub rows: usize,
}

impl Verb for Head {
    fn check(&self, before: &[Step]) -> Result<()> {
        not_shuffled(Self::NAME, before)?;
        match self.rows {
            0 => Err(bad_chain("head: 0 rows are no data set", "give a number of rows")),
            _ => Ok(()),
        }
    }

    fn columns(&self, _: &mut Columns<'_>) -> Result<()> {
        Ok(())
    }

    fn resolve(&self, builder: &mut Builder<'_>) -> Result<()> {
        builder.say(&format!("{} rows, in input order", self.rows), "ordered");
        builder.ordered(Build::Head(self.rows))
    }

    fn is_of_one_source(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}
