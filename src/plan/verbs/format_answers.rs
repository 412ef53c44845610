//! `format` of columns with preferences: the template of another answer, or a column with a label.

use super::format::{Format, is_reject};
use crate::error::{Class, Error, Result};
use crate::format::{AnswersOptions, AnswersPromptStage, FormatOptions, OnDropped, PromptFormat};
use crate::plan::columns::{Columns, Use, column_exists};
use crate::plan::step::Named;
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
        self.formats().map(|_| ())
    }

    /// The format of each answer.
    fn formats(&self) -> Result<Vec<PromptFormat>> {
        let format = &self.format;
        let mut formats = vec![PromptFormat::clone(format)];
        if let Some(rejected) = &self.rejected {
            let (prompt, separator, stop) = (format.prompt().source(), format.separator(), format.stop());
            formats.push(PromptFormat::new(prompt, rejected, separator, stop, format.eos())?);
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
