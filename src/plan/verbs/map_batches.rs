//! `map_batches`: calls a row-wise function of the user.

use serde::{Deserialize, Serialize};

use super::chain_checks::check_keeps_proof;
use super::supplied_function::SuppliedFunction;
use crate::error::Result;
use crate::plan::columns::Columns;
use crate::plan::resolve::Builder;
use crate::plan::step::{Chain, Named, Step, Verb};

/// Calls a row-wise function of the user with all columns.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MapBatches {
    /// The name of the function.
    #[serde(rename = "name")]
    pub(crate) function_name: String,
    /// The version of the function, which the user changes with the function.
    pub(crate) version: Option<String>,
    /// The digest of the code of a function without a version, if it has code.
    pub(crate) code: Option<String>,
    /// The function.
    #[serde(skip)]
    pub(crate) function: SuppliedFunction,
}

impl Named for MapBatches {
    const NAME: &'static str = "map_batches";
}

impl Verb for MapBatches {
    fn check(&self, before: &[Step]) -> Result<()> {
        check_keeps_proof(Self::NAME, before, true)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        columns.replace_all()
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let (function, shown) = self.function.get(Self::NAME)?;
        builder.explain(shown, "map");
        builder.compute(None, &function, format!("{} {}", Self::NAME, self.function_name))
    }

    fn may_precede_concat(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        false
    }
}
