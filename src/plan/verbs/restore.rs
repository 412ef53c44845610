//! `restore`: the splits and the format of a prepared folder, for rows that `retokenize` reads.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::format::PromptFormat;
use crate::plan::columns::{Columns, Use};
use crate::plan::json_forms::prompt_format;
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::split::RestoreStage;

/// Gives rows of a prepared folder the splits and the format they had.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Restore {
    /// How they were rendered.
    #[serde(with = "prompt_format")]
    pub(crate) format: Arc<PromptFormat>,
    /// The column that names each row's split.
    pub(crate) column: String,
    /// The splits' names.
    pub(crate) splits: Vec<String>,
}

impl Named for Restore {
    const NAME: &'static str = "restore";
}

impl Verb for Restore {
    fn check(&self, _: &[Step]) -> Result<()> {
        Ok(())
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        columns.use_column(&self.column, Use::Read)?;
        columns.retain(|name| name != self.column);
        Ok(())
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        builder.say(&format!("splits {} and format as published", self.splits.join(", ")), "map");
        builder.description.format = Some(Arc::clone(&self.format));
        builder.job.split_names.clone_from(&self.splits);
        let stage = RestoreStage { column: self.column.clone(), names: self.splits.clone() };
        builder.map(Counted::Yes, stage)
    }

    fn is_of_one_source(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}
