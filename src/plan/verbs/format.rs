//! `format`: renders prompt and completion, and proves them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::chain_checks::{bad_chain, check_only_one};
use super::tokenize::Tokenize;
use crate::error::{Class, Error, Result};
use crate::format::{FormatOptions, FormatStage, OnCollision, OnDropped, PromptFormat, SpecialTokens};
use crate::plan::columns::{Columns, Use, column_exists};
use crate::plan::explain_lines::detail;
use crate::plan::json_forms::prompt_format;
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Named, Step, Verb, conversations};
use crate::record::schema::{COMPLETION, PROMPT};
use crate::record::{Answers, Policy, is_text};
use crate::word::{self, Word};

/// Renders prompt and completion, and proves them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Format {
    /// The prompt format.
    #[serde(with = "prompt_format")]
    pub format: Arc<PromptFormat>,
    /// What happens to rows in which the separator or the stop occurs elsewhere.
    #[serde(with = "word")]
    pub on_collision: OnCollision,
    /// The format that rendered the text of the columns before, if one did.
    #[serde(default, with = "prompt_format::optional")]
    pub rendered_by: Option<Arc<PromptFormat>>,
    /// The template of the other answer, where rows have a preferred one, which the format renders, and another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rejected: Option<String>,
    /// The column that says whether the completion is a good one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// What happens to rows whose two answers are the same.
    #[serde(default = "reject", with = "word", skip_serializing_if = "is_reject")]
    pub(crate) on_same_answers: OnDropped,
}

/// The default of `on_same_answers`.
pub(super) fn reject() -> OnDropped {
    OnDropped::Remove(Policy::Reject)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn is_reject(value: &OnDropped) -> bool {
    *value == reject()
}

impl Format {
    /// The step for rows of one answer.
    pub fn new(format: Arc<PromptFormat>, on_collision: OnCollision) -> Self {
        let (rendered_by, rejected, label) = (None, None, None);
        Format { format, on_collision, rendered_by, rejected, label, on_same_answers: reject() }
    }
}

impl Named for Format {
    const NAME: &'static str = "format";
}

impl Verb for Format {
    fn check(&self, before: &[Step]) -> Result<()> {
        check_only_one(Self::NAME, before)?;
        if conversations(before).is_some() {
            return Err(bad_chain("format: the chain already has this step", "remove one of the two"));
        }
        if before.iter().any(|step| step.is::<Tokenize>()) {
            return Err(bad_chain("format: the rows are already tokenized", "put format before tokenize"));
        }
        self.check_answers()?;
        self.check_conflicts(before)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        let answers = self.answers_of_rows();
        if answers != Answers::One {
            return self.columns_of_answers(answers, columns);
        }
        let used = self.format.columns();
        for column in &used {
            let used = if column.required { Use::TextInEveryRow(Self::NAME) } else { Use::Text(Self::NAME) };
            columns.use_column(&column.name, used)?;
        }
        columns.retain(|name| used.iter().all(|c| c.name != name));
        self.check_replaced(columns.names())?;
        columns.retain(|name| name != PROMPT);
        columns.add_first(&[PROMPT, COMPLETION]);
        Ok(())
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let later = chain.after();
        let prompt_key = later.iter().any(|step| step.verb().needs_prompt_key());
        let tokenize = later.iter().find_map(Step::get::<Tokenize>);
        let options = self.options(tokenize, prompt_key)?;
        let answers = self.answers_of_rows();
        builder.explain(&self.shown(), "map");
        let marks = self.rendered_by.as_ref().unwrap_or(&self.format).marks_in_prompt();
        if marks > 0 {
            let times = if marks == 1 { "once".into() } else { format!("{marks} times") };
            let note = format!("the prompt template contains separator or stop, {times}");
            builder.description.lines.push(detail(&note));
        }
        let needs_eos = self.format.eos() == Some(true) || self.format.stop().is_empty();
        if needs_eos && tokenize.is_none() {
            return Err(Error::new(
                Class::Plan,
                "no_tokenizer",
                "format: rows end in the EOS token of a tokenizer, and no step tokenizes",
            )
            .help("add .tokenize(...), or give a stop and no eos=True"));
        }
        builder.description.format = Some(Arc::clone(&self.format));
        if answers == Answers::One {
            return builder.map(Counted::Yes, FormatStage::new(PromptFormat::clone(&self.format), options)?);
        }
        builder.description.answers = answers;
        builder.description.on_same_answers = self.on_same_answers.policy();
        let stage = self.answers_stage(answers, options)?;
        builder.map(Counted::Yes, stage)
    }

    fn answers(&self, _: &[Step]) -> Option<Answers> {
        Some(self.answers_of_rows())
    }

    fn may_precede_concat(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }

    fn prompt_format(&self) -> Option<&Arc<PromptFormat>> {
        Some(&self.format)
    }
}

impl Format {
    /// The options of the stage. `tokenize` is the step whose tokenizer knows the control tokens, if there is one;
    /// `prompt_key` adds the key that decides the split of a row.
    fn options(&self, tokenize: Option<&Tokenize>, prompt_key: bool) -> Result<FormatOptions> {
        let special_tokens = match tokenize {
            None => None,
            Some(step) => {
                let tokens = Arc::clone(step.tokenizer.load()?.control.tokens());
                Some(SpecialTokens { tokens, policy: step.special_tokens })
            }
        };
        Ok(FormatOptions {
            on_collision: self.on_collision,
            special_tokens,
            rendered_by: self.rendered_by.as_deref().cloned(),
            prompt_key,
        })
    }

    /// The stage of the first `format` of the steps `later`, if its columns already exist. A `split` before it uses
    /// the key of the rendered prompt.
    pub(super) fn stage_before(later: &[Step], builder: &Builder) -> Result<Option<FormatStage>> {
        let schema = builder.empty.records.schema();
        let is_text_column = |name: &str| schema.field_with_name(name).is_ok_and(|f| is_text(f.data_type()));
        let is_format = |step: &Step| match step.get::<Format>() {
            Some(format) => format.format.columns().iter().all(|c| is_text_column(&c.name)),
            None => false,
        };
        let Some(index) = later.iter().position(is_format) else { return Ok(None) };
        let Some(format) = later[index].get::<Format>() else { return Ok(None) };
        let options = format.options(later[index..].iter().find_map(Step::get::<Tokenize>), true)?;
        FormatStage::new(PromptFormat::clone(&format.format), options).map(Some)
    }

    /// Rejects columns that the step would replace without using them. With an empty prompt template, `prompt` may be
    /// replaced.
    fn check_replaced<'n>(&self, names: impl Iterator<Item = &'n str>) -> Result<()> {
        let without_prompt = self.format.prompt().source().is_empty() && !self.format.is_rendered();
        let used = self.format.columns();
        let mut replaced = names.filter(|name| {
            (*name == COMPLETION || *name == PROMPT && !without_prompt)
                && used.iter().all(|c| c.name != **name)
        });
        replaced.next().map_or(Ok(()), |name| Err(column_exists(Self::NAME, name)))
    }

    /// The format, for `explain`.
    fn shown(&self) -> String {
        let format = &self.format;
        let eos = if format.eos() == Some(true) { " + EOS" } else { "" };
        let completion = format.completion().source();
        if format.is_rendered() {
            let stop =
                if format.stop().is_empty() { String::new() } else { format!(" + stop {:?}", format.stop()) };
            return format!(
                "text {completion:?}, rendered elsewhere, all of it trained{stop}{eos}; nothing is proven"
            );
        }
        format!(
            "prompt {:?} + separator {:?}; completion {completion:?} + stop {:?}{eos}; on_collision={}{}",
            format.prompt().source(),
            format.separator(),
            format.stop(),
            self.on_collision.name(),
            self.shown_answers()
        )
    }
}
