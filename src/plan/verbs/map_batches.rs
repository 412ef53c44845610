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
    /// Its version; without one the plan cannot be told from an older state of the function.
    pub version: Option<String>,
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
        let version = self.version.as_ref().map_or("no version".into(), |v| format!("version {v}"));
        builder.say(&format!("{}, {version}", self.function_name), "map");
        builder.compute(None, &self.function.get(Self::NAME)?, format!("{} {}", Self::NAME, self.function_name))
    }

    fn keeps_tokens(&self) -> bool {
        false
    }
}
