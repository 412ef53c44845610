//! `map_batches`: a row-wise function of the caller.

use serde::{Deserialize, Serialize};

use super::{Supplied, Step, Verb, not_proven};
use crate::error::Result;
use crate::plan::columns::Columns;
use crate::plan::resolve::Builder;

/// A row-wise function of the caller over all columns.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapBatches {
    /// Its name.
    #[serde(rename = "name")]
    pub function_name: String,
    /// Its version, which changes when the function does.
    pub version: Option<String>,
    /// Without a version, the digest of its code, where it has some.
    pub code: Option<String>,
    /// Calls it.
    #[serde(skip)]
    pub function: Supplied,
}

impl Verb for MapBatches {
    fn check(&self, before: &[Step]) -> Result<()> {
        not_proven(Self::NAME, before, true)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        columns.replace_all()
    }

    fn resolve(&self, builder: &mut Builder<'_>) -> Result<()> {
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
