//! `map_batches`: a row-wise function of the caller.

use std::sync::Arc;

use super::{Step, Verb, not_proven};
use crate::compute::Function;
use crate::error::Result;
use crate::plan::columns::Columns;
use crate::plan::resolve::Builder;

/// A row-wise function of the caller over all columns.
#[derive(Clone)]
pub struct MapBatches {
    /// Its name.
    pub function_name: String,
    /// Its version; without one the plan cannot be told from an older state of the function.
    pub version: Option<String>,
    /// Calls it.
    pub function: Arc<dyn Function>,
}

impl Verb for MapBatches {
    fn name(&self) -> &'static str {
        "map_batches"
    }

    fn check(&self, before: &[Step]) -> Result<()> {
        not_proven(self, before, true)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        columns.replace_all()
    }

    fn resolve(&self, builder: &mut Builder<'_>) -> Result<()> {
        let version = self.version.as_ref().map_or("no version".into(), |v| format!("version {v}"));
        builder.say(&format!("{}, {version}", self.function_name), "map");
        builder.compute(None, &self.function, format!("{} {}", self.name(), self.function_name))
    }

    fn keeps_tokens(&self) -> bool {
        false
    }
}
