//! `resolve_conflicts`: of rows with the same prompt and different answers, keeps those of one answer.

use serde::{Deserialize, Serialize};

use super::ReadAs;
use super::chain_checks::{bad_chain, check_one_answer};
use super::edited_columns::raw_columns;
use crate::choose::{How, Keep};
use crate::dialect::{AnswerKeyStage, Dialect, PartColumns};
use crate::error::{Class, Error, Result};
use crate::plan::columns::{Columns, Conversations, Use};
use crate::plan::resolve::{Builder, Counted, Order};
use crate::plan::step::{Chain, Named, Step, Verb, prompt_format};
use crate::record::schema::{ANSWER, COMPLETION, GROUP, PROMPT};
use crate::split::ColumnKeyStage;
use crate::word::{self, Word};

/// Of rows with the same prompt and different answers, keeps those of one answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolveConflicts {
    /// Which answer stays.
    #[serde(with = "word")]
    pub(crate) keep: Keep,
    /// The columns of the prompt; none means that the chain says which they are.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) prompt: Option<Vec<String>>,
    /// The columns of the answer; none means that the chain says which they are.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) answer: Option<Vec<String>>,
}

/// What is compared.
enum Compared {
    /// Values of columns.
    Columns(Vec<String>, Vec<String>),
    /// The last answer of a dialogue, and all that is before it.
    Dialogue(&'static dyn Dialect, PartColumns),
}

impl Named for ResolveConflicts {
    const NAME: &'static str = "resolve_conflicts";
}

impl Verb for ResolveConflicts {
    fn check(&self, _: &[Step]) -> Result<()> {
        match self.prompt.is_some() == self.answer.is_some() {
            true => Ok(()),
            false => {
                let message = "resolve_conflicts: `prompt` and `answer` must be given together, or neither";
                Err(Error::new(Class::Plan, "bad_option", message).help("name the columns of both"))
            }
        }
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        if let (Some(prompt), Some(answer)) = (&self.prompt, &self.answer) {
            columns.use_all(prompt, Use::Read)?;
            return columns.use_all(answer, Use::Read);
        }
        let or = ", since they have several answers to a prompt by design; or name what conflicts: prompt= and answer=";
        check_one_answer(Self::NAME, columns.answers(), or)?;
        if matches!(columns.conversations(), Conversations::Before { .. }) {
            return Err(bad_chain(
                "resolve_conflicts: the conversations are rendered",
                "put resolve_conflicts before format, or name the columns: prompt= and answer=",
            ));
        }
        if columns.formatted() || columns.has_dialect() {
            // The columns of a dialect are used by read_as.
            return Ok(());
        }
        let (prompt, answer) = raw_columns(columns.format());
        for name in prompt.iter().chain(&answer) {
            let or = ", or name the columns: prompt= and answer=";
            columns.use_column(name, Use::Read).map_err(|e| columns.suggest_format(e, name, or))?;
        }
        Ok(())
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        if chain.after().is_empty() {
            builder.keep_splits()?;
        }
        let compared = self.compared(chain)?;
        let shown = match &compared {
            Compared::Columns(prompt, answer) => format!("{} of {}", answer.join(", "), prompt.join(", ")),
            Compared::Dialogue(..) => "the last answer of all that is before it".into(),
        };
        builder.explain(&format!("{shown}; keep={}", self.keep.name()), "barrier");
        match compared {
            Compared::Columns(prompt, answer) => {
                for (name, columns) in [(GROUP, prompt), (ANSWER, answer)] {
                    builder.map(Counted::No, ColumnKeyStage { name, columns, otherwise: Vec::new() })?;
                }
            }
            Compared::Dialogue(dialect, columns) => {
                builder.map(Counted::No, AnswerKeyStage { dialect, columns })?;
            }
        }
        builder.barrier(Order::Choose(How::Conflicts(self.keep)))
    }

    fn may_precede_concat(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}

impl ResolveConflicts {
    /// What is compared: the columns that the user has named; the rendered prompt and completion; what the dialect of the
    /// rows says; or the columns of the templates.
    fn compared(&self, chain: Chain<'_>) -> Result<Compared> {
        if let (Some(prompt), Some(answer)) = (&self.prompt, &self.answer) {
            return Ok(Compared::Columns(prompt.clone(), answer.clone()));
        }
        let before = chain.steps.get(..chain.index).unwrap_or_default();
        if prompt_format(before).is_some() {
            return Ok(Compared::Columns(vec![PROMPT.into()], vec![COMPLETION.into()]));
        }
        let read_as = before.iter().find_map(Step::get::<ReadAs>);
        if let Some((dialect, columns)) = read_as.map(ReadAs::decided).transpose()?.flatten() {
            return Ok(Compared::Dialogue(dialect, columns));
        }
        let (prompt, answer) = raw_columns(prompt_format(chain.steps).map(AsRef::as_ref));
        Ok(Compared::Columns(prompt, answer))
    }
}
