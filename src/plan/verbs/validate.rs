//! `validate`: removes rows that break a rule.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::edited_columns::Edited;
use crate::dialect::{MessageTexts, Role};
use crate::error::Result;
use crate::flow::FindTexts;
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
    /// The roles of the messages whose texts are checked; none means that the columns are text.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "word::optional_list")]
    pub(crate) on: Option<Vec<Role>>,
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
            let used = match (&rule.check, &self.on) {
                (Check::Required, _) => Use::Passes,
                (_, Some(_)) => Use::Read,
                _ => Use::Text(Self::NAME),
            };
            columns.use_column(&rule.column, used)
        })
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let shown: Vec<String> = self.rules().iter().map(Rule::describe).collect();
        let on = self.on.as_ref().map_or(String::new(), |roles| {
            let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
            format!(" in messages of {}", names.join(", "))
        });
        builder.explain(&format!("{}{on}; on_invalid={}", shown.join("; "), self.on_invalid.name()), "map");
        if let Some(roles) = &self.on {
            let messages = Edited { verb: Self::NAME, columns: None, on: Some(roles) };
            let mut of_text = self.rules().into_iter().filter(|rule| rule.check != Check::Required);
            of_text.try_for_each(|rule| messages.check_type(&rule.column, builder))?;
        }
        let within = self.on.clone().map(|roles| Arc::new(MessageTexts { roles }) as Arc<dyn FindTexts>);
        builder.map(Counted::Yes, ValidateStage { rules: self.rules(), within, policy: self.on_invalid })
    }

    fn may_precede_concat(&self) -> bool {
        true
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}
