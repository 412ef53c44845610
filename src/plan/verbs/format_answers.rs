//! `format` of columns with preferences: the template of another answer, or a column with a label.

use super::chain_checks::bad_chain;
use super::format::{Format, is_reject};
use super::read_as::AUTO;
use super::{ReadAs, ResolveConflicts};
use crate::error::{Class, Error, Result};
use crate::format::{AnswersOptions, AnswersPromptStage, FormatOptions, OnDropped, PromptFormat};
use crate::plan::columns::{Columns, Use, column_exists};
use crate::plan::step::{Named, Step};
use crate::record::Answers;
use crate::word::Word;

impl Format {
    /// Which answers the rows have.
    pub(super) fn answers_of_rows(&self) -> Answers {
        match (&self.rejected, &self.label) {
            (None, None) => Answers::One,
            (Some(_), _) => Answers::Pair,
            (None, Some(_)) => Answers::Labelled,
        }
    }

    /// Checks the options for preferences.
    ///
    /// # Errors
    /// `bad_option`; those of the template of the other answer.
    pub(super) fn check_answers(&self) -> Result<()> {
        let bad = |problem: &str, help: &str| {
            Err(Error::new(Class::Plan, "bad_option", format!("format: {problem}")).help(help))
        };
        let answers = self.answers_of_rows();
        if self.rejected.is_some() && self.label.is_some() {
            return bad("`rejected` and `label` cannot be given together", "give one of them");
        }
        if answers != Answers::Pair && !is_reject(&self.on_same_answers) {
            return bad("`on_same_answers` is for rows of two answers", "give the other answer: rejected=");
        }
        if answers != Answers::One && self.format.is_rendered() {
            let help = "render prompt and answers from columns: PromptFormat(…, completion=…)";
            return bad("text that was rendered elsewhere has no prompt for preferences", help);
        }
        let formats = self.formats()?;
        if let (Some(rejected), Some(other)) = (&self.rejected, formats.get(1))
            && other.completion().columns().is_empty()
        {
            let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
            let name = match !rejected.is_empty() && rejected.chars().all(is_word) {
                true => rejected,
                false => "rejected",
            };
            let problem = format!(
                "`rejected` is a template, and {rejected:?} names no column, so that all rows would have the same \
                 other answer"
            );
            return bad(&problem, &format!("name the column in braces: rejected=\"{{{name}}}\""));
        }
        Ok(())
    }

    /// Refuses a `resolve_conflicts` before that would remove rows with preferences, which have several answers to a
    /// prompt by design.
    ///
    /// # Errors
    /// `bad_chain`.
    pub(super) fn check_conflicts(&self, before: &[Step]) -> Result<()> {
        let mut conflicts = before.iter().filter_map(Step::get::<ResolveConflicts>);
        let read_as = before.iter().find_map(Step::get::<ReadAs>);
        // A dialect of preferences knows better; one that is to be recognised is checked when it is.
        let is_known = match read_as.map(ReadAs::decided).transpose()?.flatten() {
            Some((dialect, _)) => dialect.answers() != Answers::One,
            None => read_as.is_some_and(|step| step.dialect == AUTO),
        };
        if self.answers_of_rows() == Answers::One || is_known || !conflicts.any(|step| step.prompt.is_none())
        {
            return Ok(());
        }
        Err(bad_chain(
            "format: resolve_conflicts before it takes several answers to a prompt for a conflict, and rows with \
             preferences have them by design",
            "leave resolve_conflicts out, or name what conflicts: resolve_conflicts(prompt=…, answer=…)",
        ))
    }

    /// The format of each answer.
    fn formats(&self) -> Result<Vec<PromptFormat>> {
        let format = &self.format;
        let mut formats = vec![PromptFormat::clone(format)];
        if let Some(rejected) = &self.rejected {
            let (prompt, separator, stop) = (format.prompt().source(), format.separator(), format.stop());
            let other = PromptFormat::new(prompt, rejected, separator, stop, format.eos());
            formats.push(other.map_err(of_rejected)?);
        }
        Ok(formats)
    }

    /// The columns of rows with preferences.
    pub(super) fn columns_of_answers(&self, answers: Answers, columns: &mut Columns<'_>) -> Result<()> {
        let formats = self.formats()?;
        let used: Vec<_> = formats.iter().flat_map(PromptFormat::columns).collect();
        for column in &used {
            let used = if column.required { Use::TextInEveryRow(Self::NAME) } else { Use::Text(Self::NAME) };
            columns.use_column(&column.name, used)?;
        }
        if let Some(label) = &self.label {
            columns.use_column(label, Use::Read)?;
        }
        columns.retain(|name| {
            used.iter().all(|column| column.name != name) && self.label.as_deref() != Some(name)
        });
        if let Some(name) = columns.names().find(|name| answers.rendered().contains(name)) {
            return Err(column_exists(Self::NAME, name));
        }
        columns.add_first(answers.rendered());
        Ok(())
    }

    /// The stage for rows with preferences.
    pub(super) fn answers_stage(
        &self,
        answers: Answers,
        options: FormatOptions,
    ) -> Result<AnswersPromptStage> {
        let of_rows =
            AnswersOptions { answers, on_same: self.on_same_answers, on_untrained: OnDropped::Keep };
        AnswersPromptStage::new(self.formats()?, self.label.clone(), &options, of_rows)
    }

    /// The options for preferences, for `explain`.
    pub(super) fn shown_answers(&self) -> String {
        match (&self.rejected, &self.label) {
            (Some(rejected), _) => {
                format!("; rejected {rejected:?}; on_same_answers={}", self.on_same_answers.name())
            }
            (None, Some(label)) => format!("; label={label}"),
            (None, None) => String::new(),
        }
    }
}

/// The error of a format whose completion is the other answer.
fn of_rejected(e: Error) -> Error {
    let message = e.message().replace("the completion template", "the template of `rejected`");
    let named = Error::new(e.class(), e.code(), message);
    match e.get_help() {
        Some(help) => named.help(help),
        None => named,
    }
}
