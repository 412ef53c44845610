//! `select`: keeps some columns, in a given order.

use serde::{Deserialize, Serialize};

use crate::error::{Class, Error, Result};
use crate::plan::columns::{Columns, Use};
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::select::ProjectStage;

/// Keeps these columns, in this order.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Select {
    pub(crate) columns: Vec<String>,
}

impl Named for Select {
    const NAME: &'static str = "select";
}

impl Verb for Select {
    fn check(&self, _: &[Step]) -> Result<()> {
        Ok(())
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        columns.use_all(&self.columns, Use::Read)?;
        if let Some((_, name)) =
            self.columns.iter().enumerate().find(|(i, name)| self.columns[..*i].contains(name))
        {
            return Err(Error::new(Class::Plan, "bad_option", format!("select: `{name}` occurs twice")));
        }
        columns.arrange(&self.columns);
        Ok(())
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        builder.explain(&self.columns.join(", "), "map");
        let columns = self.columns.iter().map(|name| (name.clone(), name.clone())).collect();
        builder.map(Counted::Yes, ProjectStage { columns })
    }

    fn may_precede_concat(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}
