//! `with_row_index`: a column of row numbers.

use serde::{Deserialize, Serialize};

use super::chain_checks::{is_proven, not_proven};
use crate::error::Result;
use crate::plan::columns::{Columns, exists};
use crate::plan::reserved_names::not_reserved;
use crate::plan::resolve::{Build, Builder};
use crate::plan::step::{Chain, Named, Step, Verb};

/// Numbers the rows in the order that reaches it, in a column before all others.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WithRowIndex {
    /// The column's name.
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
        not_proven(Self::NAME, before, is_proven(&self.column))?;
        not_reserved(Self::NAME, &self.column)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        if columns.names().any(|name| name == self.column) {
            return Err(exists(Self::NAME, &self.column));
        }
        columns.make_first(&[&self.column]);
        Ok(())
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        builder.say(&format!("{}, from {}, in the order of the rows", self.column, self.offset), "ordered");
        builder.ordered(Build::RowIndex { column: self.column.clone(), offset: self.offset })
    }

    fn is_of_one_source(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        false
    }
}
