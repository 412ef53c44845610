//! `validate`: rows that break a rule are taken out.

use super::{Step, Verb};
use crate::error::Result;
use crate::plan::columns::{Columns, Use};
use crate::plan::resolve::{Builder, Counted};
use crate::record::Policy;
use crate::validate::{Check, Rule, ValidateStage};

/// Takes out rows that break a rule.
#[derive(Debug, Clone)]
pub struct Validate {
    /// In the order in which they are asked.
    pub rules: Vec<Rule>,
    /// What happens to such rows.
    pub on_invalid: Policy,
}

impl Verb for Validate {
    fn name(&self) -> &'static str {
        "validate"
    }

    fn check(&self, _: &[Step]) -> Result<()> {
        Ok(())
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        self.rules.iter().try_for_each(|rule| {
            let used = if rule.check == Check::Required { Use::Passes } else { Use::Text(self.name()) };
            columns.use_column(&rule.column, used)
        })
    }

    fn resolve(&self, builder: &mut Builder<'_>) -> Result<()> {
        let shown: Vec<String> = self.rules.iter().map(Rule::describe).collect();
        builder.say(&format!("{}; on_invalid={}", shown.join("; "), self.on_invalid.name()), "map");
        builder.map(Counted::Yes, ValidateStage { rules: self.rules.clone(), policy: self.on_invalid })
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}
