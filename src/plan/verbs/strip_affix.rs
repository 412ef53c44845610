//! `strip_affix`: removes a start and an end from texts.

use serde::{Deserialize, Serialize};

use super::edited_columns::Edited;
use crate::dialect::Role;
use crate::error::Result;
use crate::plan::columns::Columns;
use crate::plan::resolve::Builder;
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::repair;
use crate::word;

/// Removes a start and an end, each once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StripAffix {
    /// The columns.
    pub(crate) columns: Vec<String>,
    /// The roles of the messages whose texts change; none means that the columns are text.
    #[serde(default, with = "word::optional_list")]
    pub(crate) on: Option<Vec<Role>>,
    /// The start; it may be empty.
    pub(crate) prefix: String,
    /// The end; it may be empty.
    pub(crate) suffix: String,
}

impl StripAffix {
    fn edited(&self) -> Edited<'_> {
        Edited { verb: Self::NAME, columns: Some(&self.columns), on: self.on.as_deref() }
    }
}

impl Named for StripAffix {
    const NAME: &'static str = "strip_affix";
}

impl Verb for StripAffix {
    fn check(&self, before: &[Step]) -> Result<()> {
        self.edited().check(before)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        self.edited().use_columns(columns)
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let StripAffix { prefix, suffix, .. } = self.clone();
        let shown = format!("prefix={prefix:?}; suffix={suffix:?}");
        let edit = repair::StripAffix { prefix, suffix };
        self.edited().resolve(&shown, edit, chain, builder)
    }

    fn may_precede_concat(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        false
    }
}
