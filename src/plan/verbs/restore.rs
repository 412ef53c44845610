//! `restore`: restores the splits and the prompt format of a prepared folder, for `retokenize`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::format::PromptFormat;
use crate::plan::columns::{Columns, Use};
use crate::plan::json_forms::prompt_format;
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::split::RestoreStage;

/// Restores the splits and the prompt format of the rows of a prepared folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Restore {
    /// The format that rendered the rows; none for conversations.
    #[serde(with = "prompt_format::optional")]
    pub(crate) format: Option<Arc<PromptFormat>>,
    /// The column with the name of each row's split.
    pub(crate) column: String,
    /// The names of the splits.
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
        builder.explain(&format!("splits {} and format as published", self.splits.join(", ")), "map");
        if self.format.is_some() {
            builder.description.format.clone_from(&self.format);
        }
        builder.job.split_names.clone_from(&self.splits);
        let stage = RestoreStage { column: self.column.clone(), names: self.splits.clone() };
        builder.map(Counted::Yes, stage)
    }

    fn may_precede_concat(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}
