//! `rename`: renames columns.

use serde::{Deserialize, Serialize};

use super::chain_checks::{check_keeps_proof, is_proven};
use crate::error::{Class, Error, Result};
use crate::plan::columns::{Columns, Use};
use crate::plan::json_forms::pairs;
use crate::plan::reserved_names::not_reserved;
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::select::ProjectStage;

/// Renames columns.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rename {
    /// The old and the new name of each column.
    #[serde(rename = "mapping", with = "pairs")]
    pub(crate) columns: Vec<(String, String)>,
}

impl Rename {
    /// The new name of a column.
    fn new_name(&self, name: &str) -> String {
        let pair = self.columns.iter().find(|(from, _)| from == name);
        pair.map_or_else(|| name.to_string(), |(_, to)| to.clone())
    }
}

impl Named for Rename {
    const NAME: &'static str = "rename";
}

impl Verb for Rename {
    fn check(&self, before: &[Step]) -> Result<()> {
        check_keeps_proof(
            Self::NAME,
            before,
            self.columns.iter().any(|(from, to)| is_proven(before, from) || is_proven(before, to)),
        )?;
        self.columns.iter().try_for_each(|(_, to)| not_reserved(Self::NAME, to))
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        self.columns.iter().try_for_each(|(from, _)| columns.use_column(from, Use::Passes))?;
        columns.rename(|name| self.new_name(name));
        let names: Vec<&str> = columns.names().collect();
        match names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
            None => Ok(()),
            Some((_, name)) => {
                let message = format!("rename: two columns would have the name `{name}`");
                Err(Error::new(Class::Plan, "bad_option", message))
            }
        }
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let shown: Vec<String> = self.columns.iter().map(|(from, to)| format!("{from} -> {to}")).collect();
        builder.explain(&shown.join(", "), "map");
        let columns =
            builder.visible().into_iter().map(|name| (name.clone(), self.new_name(&name))).collect();
        builder.map(Counted::Yes, ProjectStage { columns })
    }

    fn may_precede_concat(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        false
    }
}
