//! `strip_affix`: removes a start and an end from texts.

use serde::{Deserialize, Serialize};

use super::edited_columns;
use crate::error::Result;
use crate::plan::columns::Columns;
use crate::plan::resolve::Builder;
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::repair;

/// Removes a start and an end, each once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StripAffix {
    /// The columns.
    pub(crate) columns: Vec<String>,
    /// The start; it may be empty.
    pub(crate) prefix: String,
    /// The end; it may be empty.
    pub(crate) suffix: String,
}

impl Named for StripAffix {
    const NAME: &'static str = "strip_affix";
}

impl Verb for StripAffix {
    fn check(&self, before: &[Step]) -> Result<()> {
        edited_columns::check(Self::NAME, Some(&self.columns), before)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        edited_columns::use_columns(Self::NAME, Some(&self.columns), columns)
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let StripAffix { columns, prefix, suffix } = self.clone();
        let shown = format!("prefix={prefix:?}; suffix={suffix:?}");
        let edit = repair::StripAffix { prefix, suffix };
        edited_columns::resolve(Self::NAME, Some(&columns), &shown, edit, chain, builder)
    }

    fn may_precede_concat(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        false
    }
}
