//! `validate`: removes rows that break a rule.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::plan::columns::{Columns, Use};
use crate::plan::json_forms::pairs;
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::record::Policy;
use crate::validate::{Check, Rule, ValidateStage};
use crate::word::{self, Word};

/// Removes rows that break a rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Validate {
    /// Columns that must not be null.
    pub(crate) required: Vec<String>,
    /// Columns whose text must not be empty or only white space.
    pub(crate) not_blank: Vec<String>,
    /// The least number of characters, by column.
    #[serde(with = "pairs")]
    pub(crate) min_chars: Vec<(String, usize)>,
    /// The greatest number of characters, by column.
    #[serde(with = "pairs")]
    pub(crate) max_chars: Vec<(String, usize)>,
    /// The allowed values, by column.
    #[serde(with = "pairs")]
    pub(crate) allowed: Vec<(String, Vec<String>)>,
    /// What happens to rows that break a rule.
    #[serde(with = "word")]
    pub(crate) on_invalid: Policy,
}

impl Validate {
    /// The rules, in the order in which they are checked.
    fn rules(&self) -> Vec<Rule> {
        let rule = |column: &String, check: Check| Rule { column: column.clone(), check };
        let mut rules: Vec<Rule> = self.required.iter().map(|c| rule(c, Check::Required)).collect();
        rules.extend(self.not_blank.iter().map(|c| rule(c, Check::NotBlank)));
        rules.extend(self.min_chars.iter().map(|(c, n)| rule(c, Check::MinChars(*n))));
        rules.extend(self.max_chars.iter().map(|(c, n)| rule(c, Check::MaxChars(*n))));
        rules.extend(self.allowed.iter().map(|(c, values)| rule(c, Check::Allowed(values.clone()))));
        rules
    }
}

impl Named for Validate {
    const NAME: &'static str = "validate";
}

impl Verb for Validate {
    fn check(&self, _: &[Step]) -> Result<()> {
        Ok(())
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        self.rules().iter().try_for_each(|rule| {
            let used = if rule.check == Check::Required { Use::Passes } else { Use::Text(Self::NAME) };
            columns.use_column(&rule.column, used)
        })
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let shown: Vec<String> = self.rules().iter().map(Rule::describe).collect();
        builder.explain(&format!("{}; on_invalid={}", shown.join("; "), self.on_invalid.name()), "map");
        builder.map(Counted::Yes, ValidateStage { rules: self.rules(), policy: self.on_invalid })
    }

    fn may_precede_concat(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}
