//! `with_columns`: adds or replaces columns by expressions.

use serde::{Deserialize, Serialize};

use super::chain_checks::{check_keeps_proof, is_proven};
use super::supplied_function::SuppliedFunction;
use crate::error::Result;
use crate::plan::columns::{Columns, Use};
use crate::plan::json_forms::Expression;
use crate::plan::reserved_names::not_reserved;
use crate::plan::resolve::Builder;
use crate::plan::step::{Chain, Named, Step, Verb};

/// Adds or replaces columns by expressions.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithColumns {
    /// The columns that the expressions read.
    pub columns: Vec<String>,
    /// The columns that they make.
    pub names: Vec<String>,
    /// The expressions, one for each name.
    pub expressions: Vec<Expression>,
    /// Evaluates the expressions.
    #[serde(skip)]
    pub function: SuppliedFunction,
}

impl Named for WithColumns {
    const NAME: &'static str = "with_columns";
}

impl Verb for WithColumns {
    fn check(&self, before: &[Step]) -> Result<()> {
        check_keeps_proof(Self::NAME, before, self.names.iter().any(|name| is_proven(before, name)))?;
        self.names.iter().try_for_each(|name| not_reserved(Self::NAME, name))
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        columns.use_all(&self.columns, Use::Read)?;
        self.names.iter().for_each(|name| columns.add(name));
        Ok(())
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let (function, shown) = self.function.get(Self::NAME)?;
        builder.explain(shown, "map");
        builder.compute(Some(self.columns.clone()), &function, Self::NAME.into())
    }

    fn may_precede_concat(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        false
    }
}
