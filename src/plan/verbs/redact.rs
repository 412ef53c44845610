//! `redact`: replaces personal data and secrets by placeholders.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::edited_columns;
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
    /// What is replaced.
    #[serde(serialize_with = "write_kinds", deserialize_with = "read_kinds")]
    pub(crate) kinds: Vec<Kind>,
}

fn write_kinds<S: Serializer>(kinds: &[Kind], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(kinds.iter().map(|kind| kind.name()))
}

fn read_kinds<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Kind>, D::Error> {
    let words = Vec::<String>::deserialize(from)?;
    words.iter().map(|word| word::find(word).map_err(D::Error::custom)).collect()
}

impl Named for Redact {
    const NAME: &'static str = "redact";
}

impl Verb for Redact {
    fn check(&self, before: &[Step]) -> Result<()> {
        edited_columns::check(Self::NAME, self.columns.as_deref(), before)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        edited_columns::use_columns(Self::NAME, self.columns.as_deref(), columns)
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.name()).collect();
        let edit = repair::Redact::new(&self.kinds)?;
        edited_columns::resolve(Self::NAME, self.columns.as_deref(), &kinds.join(", "), edit, chain, builder)
    }

    fn may_precede_concat(&self) -> bool {
        self.columns.is_some()
    }

    fn keeps_tokens(&self) -> bool {
        false
    }
}
