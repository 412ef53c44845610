//! `format`, and what a split before it takes from it.

use std::sync::Arc;

use super::builder::Builder;
use super::stages::Counted;
use crate::error::{Class, Error, Result};
use crate::format::{FormatOptions, FormatStage, OnCollision, PromptFormat, SpecialTokens};
use crate::plan::Step;
use crate::plan::columns::not_made_by_format;
use crate::plan::explain::detail;
use crate::record::is_text;

impl Builder<'_> {
    pub fn format(
        &mut self,
        index: usize,
        format: &Arc<PromptFormat>,
        on_collision: OnCollision,
        rendered_by: Option<&PromptFormat>,
    ) -> Result<()> {
        let later = &self.plan.steps[index + 1..];
        let prompt_key = later.iter().any(|s| matches!(s, Step::Split { by: None, .. }));
        let options = FormatOptions {
            on_collision,
            special_tokens: self.special_tokens(index)?,
            rendered_by: rendered_by.cloned(),
            prompt_key,
        };
        let stage = FormatStage::new(PromptFormat::clone(format), options)?;
        not_made_by_format(self.visible().iter().map(String::as_str), format)?;
        self.say("format", &shown(format, on_collision), "map");
        let marks = rendered_by.unwrap_or(format).marks_in_prompt();
        if marks > 0 {
            let times = if marks == 1 { "once".into() } else { format!("{marks} times") };
            let what = format!("the prompt template holds separator or stop itself, {times}");
            self.out.lines.push(detail(&what));
        }
        let needs_eos = format.eos() == Some(true) || format.stop().is_empty();
        if needs_eos && !later.iter().any(|s| matches!(s, Step::Tokenize(_))) {
            return Err(Error::new(
                Class::Plan,
                "no_tokenizer",
                "format: rows are to end in a tokenizer's EOS token, and no step tokenizes",
            )
            .help("add .tokenize(...), or leave eos=True out and name a stop"));
        }
        self.out.format = Some(Arc::clone(format));
        self.map(index + 1, Counted::Yes, stage)
    }

    /// The control tokens of the tokenizer that follows this step, where one does.
    fn special_tokens(&self, index: usize) -> Result<Option<SpecialTokens>> {
        let tokenize = self.plan.steps[index + 1..].iter().find_map(|step| match step {
            Step::Tokenize(step) => Some(step),
            _ => None,
        });
        let Some(step) = tokenize else { return Ok(None) };
        let tokenizer = step.tokenizer.load()?;
        let tokens = Arc::clone(tokenizer.control.tokens());
        Ok(Some(SpecialTokens { tokens, policy: step.special_tokens }))
    }

    /// The stage of a later format, where its columns are there already: what decides a split before it.
    pub fn formatted_later(&self, index: usize) -> Option<Result<FormatStage>> {
        let schema = self.empty.records.schema();
        let is_there = |name: &str| schema.field_with_name(name).is_ok_and(|f| is_text(f.data_type()));
        self.plan.steps.iter().enumerate().skip(index).find_map(|(i, step)| match step {
            Step::Format { format, on_collision, rendered_by }
                if format.columns().iter().all(|c| is_there(&c.name)) =>
            {
                let stage = |special_tokens| {
                    let rendered_by = rendered_by.as_deref().cloned();
                    let options = FormatOptions {
                        on_collision: *on_collision,
                        special_tokens,
                        rendered_by,
                        prompt_key: true,
                    };
                    FormatStage::new(PromptFormat::clone(format), options)
                };
                Some(self.special_tokens(i).and_then(stage))
            }
            _ => None,
        })
    }
}

/// The format, for `explain`.
fn shown(format: &PromptFormat, on_collision: OnCollision) -> String {
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
        "prompt {:?} + separator {:?}; completion {completion:?} + stop {:?}{eos}; on_collision={}",
        format.prompt().source(),
        format.separator(),
        format.stop(),
        on_collision.name()
    )
}
