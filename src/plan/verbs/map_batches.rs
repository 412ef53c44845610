//! `map_batches`: a row-wise function of the caller.

use serde::{Deserialize, Serialize};

use super::chain_checks::not_proven;
use super::supplied_function::SuppliedFunction;
use crate::error::Result;
use crate::plan::columns::Columns;
use crate::plan::resolve::Builder;
use crate::plan::step::{Chain, Named, Step, Verb};

/// A row-wise function of the caller over all columns.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MapBatches {
    /// Its name.
    #[serde(rename = "name")]
    pub(crate) function_name: String,
    /// Its version, which changes when the function does.
    pub(crate) version: Option<String>,
    /// Without a version, the digest of its code, where it has some.
    pub(crate) code: Option<String>,
    /// Calls it.
    #[serde(skip)]
    pub(crate) function: SuppliedFunction,
}

impl Named for MapBatches {
    const NAME: &'static str = "map_batches";
}

impl Verb for MapBatches {
    fn check(&self, before: &[Step]) -> Result<()> {
        not_proven(Self::NAME, before, true)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        columns.replace_all()
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let (function, shown) = self.function.get(Self::NAME)?;
        builder.say(shown, "map");
        builder.compute(None, &function, format!("{} {}", Self::NAME, self.function_name))
    }

    fn is_of_one_source(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        false
    }
}
