//! `drop`: removes columns.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::plan::columns::Columns;
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::select::ProjectStage;

/// Removes columns. Those that no other step needs are not read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Drop {
    pub(crate) columns: Vec<String>,
}

impl Named for Drop {
    const NAME: &'static str = "drop";
}

impl Verb for Drop {
    fn check(&self, _: &[Step]) -> Result<()> {
        Ok(())
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        self.columns.iter().try_for_each(|name| columns.require(name))?;
        columns.retain(|name| !self.columns.iter().any(|dropped| dropped == name));
        Ok(())
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        builder.explain(&self.columns.join(", "), "map");
        let kept = builder.visible().into_iter().filter(|name| !self.columns.contains(name));
        let columns = kept.map(|name| (name.clone(), name)).collect();
        builder.map(Counted::Yes, ProjectStage { columns })
    }

    fn may_precede_concat(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}
