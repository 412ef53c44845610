//! `redact`: replaces personal data and secrets by placeholders.

use serde::{Deserialize, Serialize};

use super::edited_columns::Edited;
use crate::dialect::Role;
use crate::error::Result;
use crate::personal_data::Kind;
use crate::plan::columns::Columns;
use crate::plan::resolve::Builder;
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::repair;
use crate::word::{self, Word};

/// Replaces personal data and secrets by placeholders.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redact {
    /// The columns; none means those of prompt and completion.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) columns: Option<Vec<String>>,
    /// The roles of the messages whose texts change; none means that the columns are text.
    #[serde(default, with = "word::optional_list")]
    pub(crate) on: Option<Vec<Role>>,
    /// What is replaced.
    #[serde(with = "word::list")]
    pub(crate) kinds: Vec<Kind>,
}

impl Redact {
    fn edited(&self) -> Edited<'_> {
        Edited { verb: Self::NAME, columns: self.columns.as_deref(), on: self.on.as_deref() }
    }
}

impl Named for Redact {
    const NAME: &'static str = "redact";
}

impl Verb for Redact {
    fn check(&self, before: &[Step]) -> Result<()> {
        self.edited().check(before)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        self.edited().use_columns(columns)
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.name()).collect();
        let edit = repair::Redact::new(&self.kinds)?;
        self.edited().resolve(&kinds.join(", "), edit, chain, builder)
    }

    fn may_precede_concat(&self) -> bool {
        self.columns.is_some()
    }

    fn keeps_tokens(&self) -> bool {
        false
    }
}
