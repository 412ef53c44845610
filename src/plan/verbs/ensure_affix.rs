//! `ensure_affix`: adds a start and an end to texts that lack them.

use serde::{Deserialize, Serialize};

use super::edited_columns::Edited;
use crate::dialect::Role;
use crate::error::Result;
use crate::plan::columns::Columns;
use crate::plan::resolve::Builder;
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::repair;
use crate::word;

/// Adds a start and an end where a text does not have them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnsureAffix {
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

impl EnsureAffix {
    fn edited(&self) -> Edited<'_> {
        Edited { verb: Self::NAME, columns: Some(&self.columns), on: self.on.as_deref() }
    }
}

impl Named for EnsureAffix {
    const NAME: &'static str = "ensure_affix";
}

impl Verb for EnsureAffix {
    fn check(&self, before: &[Step]) -> Result<()> {
        self.edited().check(before)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        self.edited().use_columns(columns)
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let EnsureAffix { prefix, suffix, .. } = self.clone();
        let shown = format!("prefix={prefix:?}; suffix={suffix:?}");
        let edit = repair::EnsureAffix { prefix, suffix };
        self.edited().resolve(&shown, edit, chain, builder)
    }

    fn may_precede_concat(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        false
    }
}
