//! `with_row_index`: adds a column of row numbers.

use serde::{Deserialize, Serialize};

use super::chain_checks::{check_keeps_proof, is_proven};
use crate::error::Result;
use crate::plan::columns::{Columns, column_exists};
use crate::plan::reserved_names::not_reserved;
use crate::plan::resolve::{Build, Builder};
use crate::plan::step::{Chain, Named, Step, Verb};

/// Adds the number of each row, in the order in which they reach the step, as the first column.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WithRowIndex {
    /// The name of the new column.
    #[serde(rename = "name")]
    pub(crate) column: String,
    /// The number of the first row.
    pub(crate) offset: i64,
}

impl Named for WithRowIndex {
    const NAME: &'static str = "with_row_index";
}

impl Verb for WithRowIndex {
    fn check(&self, before: &[Step]) -> Result<()> {
        check_keeps_proof(Self::NAME, before, is_proven(before, &self.column))?;
        not_reserved(Self::NAME, &self.column)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        if columns.names().any(|name| name == self.column) {
            return Err(column_exists(Self::NAME, &self.column));
        }
        columns.add_first(&[&self.column]);
        Ok(())
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        builder
            .explain(&format!("{}, from {}, in the order of the rows", self.column, self.offset), "ordered");
        builder.ordered(Build::RowIndex { column: self.column.clone(), offset: self.offset })
    }

    fn may_precede_concat(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        false
    }
}
