//! `format`, and what a split before it takes from it.

use std::sync::Arc;

use super::builder::Builder;
use super::stages::Counted;
use crate::error::{Class, Error, Result};
use crate::format::{FormatOptions, FormatStage, OnCollision, PromptFormat, SpecialTokens};
use crate::plan::Step;
use crate::record::{is_text, schema};

impl Builder<'_> {
    pub fn format(
        &mut self,
        index: usize,
        format: &Arc<PromptFormat>,
        on_collision: OnCollision,
    ) -> Result<()> {
        let later = &self.plan.steps[index + 1..];
        let prompt_key = later.iter().any(|s| matches!(s, Step::Split { by: None, .. }));
        let stage = self.format_stage(index, format, on_collision, prompt_key)?;
        let eos = if format.eos() { " + EOS" } else { "" };
        let used = format.columns();
        let replaced: Vec<String> = self
            .visible()
            .into_iter()
            .filter(|n| [schema::PROMPT, schema::COMPLETION].contains(&n.as_str()))
            .filter(|n| used.iter().all(|c| c.name != *n))
            .collect();
        let replaces = match replaced.is_empty() {
            true => String::new(),
            false => format!("; replaces column {}", replaced.join(", ")),
        };
        self.say(
            "format",
            &format!(
                "prompt {:?} + separator {:?}; completion {:?} + stop {:?}{eos}; on_collision={}{replaces}",
                format.prompt().source(),
                format.separator(),
                format.completion().source(),
                format.stop(),
                on_collision.name()
            ),
            "map",
        );
        if format.eos() && !later.iter().any(|s| matches!(s, Step::Tokenize(_))) {
            return Err(Error::new(
                Class::Plan,
                "no_tokenizer",
                "format: eos=True needs a tokenizer's EOS token",
            )
            .help("add .tokenize(...), or leave eos out"));
        }
        self.out.format = Some(Arc::clone(format));
        self.map(index + 1, Counted::Yes, stage)
    }

    /// The stage of the format at this step.
    fn format_stage(
        &self,
        index: usize,
        format: &PromptFormat,
        on_collision: OnCollision,
        prompt_key: bool,
    ) -> Result<FormatStage> {
        let tokenize = self.plan.steps[index + 1..].iter().find_map(|step| match step {
            Step::Tokenize(step) => Some(step),
            _ => None,
        });
        let special_tokens = match tokenize {
            Some(step) => {
                let tokenizer = step.tokenizer.load()?;
                let patterns: Vec<String> =
                    tokenizer.special_tokens.iter().map(|t| t.content.clone()).collect();
                (!patterns.is_empty()).then_some(SpecialTokens { patterns, policy: step.special_tokens })
            }
            None => None,
        };
        let options = FormatOptions { on_collision, special_tokens, prompt_key };
        FormatStage::new(format.clone(), options)
    }

    /// The stage of a later format, where its columns are there already: what decides a split before it.
    pub fn formatted_later(&self, index: usize) -> Option<Result<FormatStage>> {
        let schema = self.empty.records.schema();
        let is_there = |name: &str| schema.field_with_name(name).is_ok_and(|f| is_text(f.data_type()));
        self.plan.steps.iter().enumerate().skip(index).find_map(|(i, step)| match step {
            Step::Format { format, on_collision } if format.columns().iter().all(|c| is_there(&c.name)) => {
                Some(self.format_stage(i, format, *on_collision, true))
            }
            _ => None,
        })
    }
}
