//! `validate`: removes rows that break a rule. The first broken rule is the reason.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringViewArray};
use arrow::buffer::NullBuffer;

use crate::error::Result;
use crate::flow::{FindTexts, Map};
use crate::record::{Batch, Policy, Removal, reason, text_views};
use crate::report::StepCounts;

/// A rule for one column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) column: String,
    pub(crate) check: Check,
}

/// What a value must be. Null breaks only `Required`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Check {
    /// Not null.
    Required,
    /// Not empty, and not only Unicode white space.
    NotBlank,
    /// At least this many characters (Unicode code points).
    MinChars(usize),
    /// At most this many characters (Unicode code points).
    MaxChars(usize),
    /// One of these.
    Allowed(Vec<String>),
}

impl Rule {
    /// The rule in `explain`.
    pub(crate) fn describe(&self) -> String {
        let column = &self.column;
        match &self.check {
            Check::Required => format!("{column} required"),
            Check::NotBlank => format!("{column} not blank"),
            Check::MinChars(n) => format!("{column} >= {n} chars"),
            Check::MaxChars(n) => format!("{column} <= {n} chars"),
            Check::Allowed(values) => format!("{column} in {values:?}"),
        }
    }

    fn broken(&self, value: Option<&str>) -> Option<(&'static str, String)> {
        let column = &self.column;
        let Some(value) = value else {
            return (self.check == Check::Required)
                .then(|| (reason::MISSING_FIELD, format!("`{column}` is absent or null")));
        };
        match &self.check {
            Check::Required => None,
            Check::NotBlank => value
                .trim()
                .is_empty()
                .then(|| (reason::BLANK_FIELD, format!("`{column}` is empty or holds only white space"))),
            // A character has one to four bytes, so that most rows need no counting.
            Check::MinChars(n) if value.len() >= n * 4 => None,
            Check::MaxChars(n) if value.len() <= *n => None,
            Check::MinChars(n) => {
                let chars = value.chars().count();
                (chars < *n).then(|| {
                    (reason::TOO_SHORT, format!("`{column}` has {chars} characters, fewer than {n}"))
                })
            }
            Check::MaxChars(n) => {
                let chars = value.chars().count();
                (chars > *n).then(|| {
                    (reason::TOO_MANY_CHARS, format!("`{column}` has {chars} characters, more than {n}"))
                })
            }
            Check::Allowed(values) => (!values.iter().any(|v| v == value)).then(|| {
                let shown: String = value.chars().take(80).collect();
                (reason::VALUE_NOT_ALLOWED, format!("`{column}` is {shown:?}, not one of {values:?}"))
            }),
        }
    }
}

/// Removes rows that break a rule.
pub(crate) struct ValidateStage {
    /// The rules, in the order in which they are checked.
    pub(crate) rules: Vec<Rule>,
    /// Finds the texts in the columns of rules of text; none if the columns are text.
    pub(crate) within: Option<Arc<dyn FindTexts>>,
    /// What happens to such rows.
    pub(crate) policy: Policy,
}

impl Map for ValidateStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let columns = self
            .rules
            .iter()
            .map(|rule| Values::new(batch.column(&rule.column)?, &rule.check))
            .collect::<Result<Vec<Values>>>()?;
        let mut removals = Vec::new();
        for index in 0..batch.rows() {
            let broken = self.rules.iter().zip(&columns).find_map(|(rule, column)| {
                let broken = self.broken(rule, column.get(index));
                broken.map(|(code, detail)| (rule, code, detail))
            });
            if let Some((rule, code, detail)) = broken {
                removals.push(Removal { index, code, column: Some(rule.column.clone()), detail });
            }
        }
        batch.remove(removals, self.policy, counts)
    }
}

impl ValidateStage {
    fn broken(&self, rule: &Rule, value: Option<&str>) -> Option<(&'static str, String)> {
        let (Some(within), Some(value)) = (&self.within, value.filter(|_| rule.check != Check::Required))
        else {
            return rule.broken(value);
        };
        match within.texts(value) {
            Ok(texts) => texts.iter().find_map(|text| rule.broken(Some(text))),
            Err(why) => Some((reason::WRONG_TYPE, format!("`{}` holds no messages: {why}", rule.column))),
        }
    }
}

/// The values that a rule checks.
enum Values {
    Text(StringViewArray),
    /// Which values are null, for a column of any type; none if no value is.
    Nulls(Option<NullBuffer>),
}

impl Values {
    fn new(column: &ArrayRef, check: &Check) -> Result<Self> {
        Ok(match check {
            Check::Required => Values::Nulls(column.logical_nulls()),
            _ => Values::Text(text_views(column.as_ref())?),
        })
    }

    /// The text of a row; none if it is null. Without texts, the text of a value that is not null is empty.
    fn get(&self, index: usize) -> Option<&str> {
        match self {
            Values::Text(text) => text.is_valid(index).then(|| text.value(index)),
            Values::Nulls(nulls) => nulls.as_ref().is_none_or(|n| n.is_valid(index)).then_some(""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_its_reason() {
        let rule = |check| Rule { column: "c".into(), check };
        let code = |check, value: Option<&str>| rule(check).broken(value).map(|(code, _)| code);
        assert_eq!(code(Check::Required, None), Some(reason::MISSING_FIELD));
        assert_eq!(code(Check::Required, Some("")), None);
        assert_eq!(code(Check::NotBlank, Some(" \u{3000}\n")), Some(reason::BLANK_FIELD));
        assert_eq!(code(Check::NotBlank, None), None);
        assert_eq!(code(Check::MinChars(2), Some("é")), Some(reason::TOO_SHORT));
        assert_eq!(code(Check::MinChars(2), Some("éé")), None);
        assert_eq!(code(Check::MaxChars(2), Some("ééé")), Some(reason::TOO_MANY_CHARS));
        assert_eq!(code(Check::MaxChars(2), Some("éé")), None);
        assert_eq!(code(Check::Allowed(vec!["a".into()]), Some("b")), Some(reason::VALUE_NOT_ALLOWED));
        assert_eq!(code(Check::Allowed(vec!["a".into()]), Some("a")), None);
    }
}
