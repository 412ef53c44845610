//! `read_as`: says what rows mean, and removes those that mean something else.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Tokenize;
use super::chain_checks::{bad_chain, check_only_one, is_rendered};
use crate::dialect::{self, DIALECTS, Dialect, Holds, PartColumns, PassStage, ReadAsStage, TOOLS};
use crate::error::{Class, Error, Result, did_you_mean};
use crate::plan::columns::{Columns, Use};
use crate::plan::explain_lines::detail;
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::word;

/// Says what rows mean, and removes those that mean something else.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadAs {
    /// The name of a dialect; `auto`, which a look at the rows decides when the plan is resolved; or `none`.
    pub(crate) dialect: String,
    /// The column of each part, null for a part without one. Null: the columns are found by their names.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) columns: Option<Map<String, Value>>,
    /// How it was decided, for `explain`.
    #[serde(skip)]
    pub(crate) note: Option<String>,
}

/// Decided when the plan is resolved.
pub(crate) const AUTO: &str = "auto";
/// Rows pass as they are.
pub(crate) const NONE: &str = "none";

impl Named for ReadAs {
    const NAME: &'static str = "read_as";
}

impl Verb for ReadAs {
    fn check(&self, before: &[Step]) -> Result<()> {
        check_only_one(Self::NAME, before)?;
        if is_rendered(before) || before.iter().any(|step| step.is::<Tokenize>()) {
            return Err(bad_chain("read_as: the rows are already rendered", "put read_as before format"));
        }
        let names = || DIALECTS.iter().map(|dialect| dialect.name());
        let known: Vec<(&str, ())> = [AUTO, NONE].into_iter().chain(names()).map(|name| (name, ())).collect();
        word::one_of(&self.dialect, &known).map_err(|e| bad_option(format!("`dialect` {e}")))?;
        let Some(dialect) = dialect::find(&self.dialect) else {
            return match self.columns {
                None => Ok(()),
                Some(_) => {
                    Err(bad_option(format!("`columns` needs the name of a dialect, not {:?}", self.dialect)))
                }
            };
        };
        if let Some(refusal) = dialect.refusal() {
            let message = format!("read_as: {} ({}) is not supported", dialect.name(), dialect.title());
            return Err(Error::new(Class::Plan, "dialect_refused", message).help(refusal));
        }
        self.given(dialect).map(|_| ())
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        let Some((dialect, parts)) = self.decided()? else { return Ok(()) };
        for (part, column) in parts {
            let is_text = dialect.parts().iter().any(|spec| spec.name == part && spec.holds == Holds::Text);
            columns.use_column(&column, if is_text { Use::Text(Self::NAME) } else { Use::Read })?;
        }
        Ok(())
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let decided = self.decided()?;
        let shown = match &decided {
            None => "none: rows pass as they are".to_string(),
            Some((dialect, columns)) => {
                let parts: Vec<String> =
                    columns.iter().map(|(part, column)| format!("{part}={column}")).collect();
                format!("{}: {}", dialect.name(), parts.join(", "))
            }
        };
        builder.explain(&shown, "map");
        if let Some(note) = &self.note {
            builder.description.lines.push(detail(note));
        }
        match decided {
            None => builder.map(Counted::Yes, PassStage),
            Some((dialect, columns)) => builder.map(Counted::Yes, ReadAsStage { dialect, columns }),
        }
    }

    fn may_precede_concat(&self) -> bool {
        true
    }

    fn dialect(&self) -> Option<Vec<String>> {
        let (_, columns) = self.decided().ok()??;
        Some(columns.into_iter().map(|(_, column)| column).collect())
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}

impl ReadAs {
    /// Whether a look at the input must decide the dialect, or its columns.
    pub(crate) fn is_undecided(&self) -> bool {
        self.dialect == AUTO || self.dialect != NONE && self.note.is_none() && !self.has_all_columns()
    }

    /// The columns that hold messages.
    ///
    /// # Errors
    /// `bad_option`: there is no such part.
    pub(super) fn message_columns(&self) -> Result<Vec<String>> {
        let Some((dialect, columns)) = self.decided()? else { return Ok(Vec::new()) };
        let holds_messages = |part: &str| {
            dialect.parts().iter().any(|spec| spec.name == part && spec.holds == Holds::Any && part != TOOLS)
        };
        Ok(columns.into_iter().filter(|(part, _)| holds_messages(part)).map(|(_, column)| column).collect())
    }

    /// Whether every required part has a column.
    fn has_all_columns(&self) -> bool {
        let (Some(columns), Some(dialect)) = (&self.columns, dialect::find(&self.dialect)) else {
            return false;
        };
        dialect.parts().iter().all(|part| columns.contains_key(part.name))
    }

    /// The step that was decided: a dialect with the columns of all its parts, or none.
    pub(crate) fn decide(dialect: Option<(&dyn Dialect, &PartColumns)>, note: Option<String>) -> Self {
        let Some((dialect, columns)) = dialect else {
            return ReadAs { dialect: NONE.into(), columns: None, note };
        };
        let column = |name: &str| {
            let column = columns.iter().find(|(part, _)| *part == name);
            column.map_or(Value::Null, |(_, column)| column.as_str().into())
        };
        let parts = dialect.parts().iter().map(|part| (part.name.to_string(), column(part.name)));
        ReadAs { dialect: dialect.name().into(), columns: Some(parts.collect()), note }
    }

    /// The columns that the user has given.
    ///
    /// # Errors
    /// `bad_option`: there is no such part, or a column is not text.
    pub(crate) fn given(&self, dialect: &dyn Dialect) -> Result<Vec<(&'static str, Option<String>)>> {
        let part = |(name, column): (&String, &Value)| {
            let parts = dialect.parts().iter().map(|part| part.name);
            let Some(part) = parts.clone().find(|part| part == name) else {
                let known: Vec<&str> = parts.clone().collect();
                let meant = did_you_mean(name, parts);
                let (name, known) = (dialect.name(), known.join(", "));
                return Err(bad_option(format!("`columns`: the parts of {name} are {known}{meant}")));
            };
            match column {
                Value::Null => Ok((part, None)),
                Value::String(column) => Ok((part, Some(column.clone()))),
                _ => Err(bad_option(format!(
                    "`columns`: the column of `{part}` must be text or null; got {column}"
                ))),
            }
        };
        self.columns.iter().flatten().map(part).collect()
    }

    /// The dialect and its columns; none if rows pass as they are.
    pub(crate) fn decided(&self) -> Result<Option<(&'static dyn Dialect, PartColumns)>> {
        let Some(dialect) = dialect::find(&self.dialect) else { return Ok(None) };
        let given = self.given(dialect)?;
        Ok(Some((dialect, given.into_iter().filter_map(|(part, column)| Some((part, column?))).collect())))
    }
}

fn bad_option(problem: String) -> Error {
    Error::new(Class::Plan, "bad_option", format!("read_as: {problem}"))
}
