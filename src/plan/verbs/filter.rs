//! `filter`: keeps the rows for which an expression is true.

use serde::{Deserialize, Serialize};

use super::supplied_function::SuppliedFunction;
use crate::compute::FilterStage;
use crate::error::Result;
use crate::plan::columns::{Columns, Use};
use crate::plan::json_forms::Expression;
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Named, Step, Verb};

/// Keeps the rows for which an expression is true.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// The columns that the expression reads.
    pub(crate) columns: Vec<String>,
    pub(crate) expression: Expression,
    /// Evaluates the expression.
    #[serde(skip)]
    pub(crate) function: SuppliedFunction,
}

impl Named for Filter {
    const NAME: &'static str = "filter";
}

impl Verb for Filter {
    fn check(&self, _: &[Step]) -> Result<()> {
        Ok(())
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        columns.use_all(&self.columns, Use::Read)
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let (function, shown) = self.function.get(Self::NAME)?;
        builder.explain(shown, "map");
        let stage = FilterStage { columns: self.columns.clone(), function };
        builder.map(Counted::Yes, stage)
    }

    fn may_precede_concat(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}
