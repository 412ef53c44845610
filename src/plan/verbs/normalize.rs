//! `normalize`: repairs line ends, invisible characters, the Unicode form, and white space at the ends of texts.

use serde::{Deserialize, Serialize};

use super::edited_columns::Edited;
use crate::dialect::Role;
use crate::error::Result;
use crate::plan::columns::Columns;
use crate::plan::resolve::Builder;
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::repair::{NormalizeText, UnicodeForm};
use crate::word::{self, Word};

/// Normalizes texts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Normalize {
    /// The columns; none means those of prompt and completion.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) columns: Option<Vec<String>>,
    /// The roles of the messages whose texts change; none means that the columns are text.
    #[serde(default, with = "word::optional_list")]
    pub(crate) on: Option<Vec<Role>>,
    /// Whether `\r\n` and `\r` become `\n`.
    pub(crate) line_ends: bool,
    /// The Unicode form; none leaves characters as they are.
    #[serde(with = "word::optional")]
    pub(crate) unicode: Option<UnicodeForm>,
    /// Whether invisible characters are removed.
    pub(crate) invisible: bool,
    /// Whether white space at both ends is removed.
    pub(crate) strip: bool,
}

impl Normalize {
    fn edited(&self) -> Edited<'_> {
        Edited { verb: Self::NAME, columns: self.columns.as_deref(), on: self.on.as_deref() }
    }
}

impl Named for Normalize {
    const NAME: &'static str = "normalize";
}

impl Verb for Normalize {
    fn check(&self, before: &[Step]) -> Result<()> {
        self.edited().check(before)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        self.edited().use_columns(columns)
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let Normalize { line_ends, unicode, invisible, strip, .. } = *self;
        let form = unicode.map_or("none", Word::name);
        let shown = format!("line_ends={line_ends}; unicode={form}; invisible={invisible}; strip={strip}");
        let edit = NormalizeText { line_ends, unicode, invisible, strip };
        self.edited().resolve(&shown, edit, chain, builder)
    }

    fn may_precede_concat(&self) -> bool {
        self.columns.is_some()
    }

    fn keeps_tokens(&self) -> bool {
        false
    }
}
