//! The key that decides a row's split: a function of its rendered prompt alone, so that equal prompts stay together.

use std::collections::HashSet;

use memchr::memmem;

use super::run::Run;
use super::{FormatStage, PromptFormat, Template};
use crate::error::Result;
use crate::flow::Map;
use crate::hash;
use crate::record::{Batch, keys_of, schema, with_keys};
use crate::report::StepCounts;

/// The key over what a prompt says beside its template's own words, as far as its text tells them apart, so that a
/// row mostly keeps its side where the words change. Where nothing is left, the completion decides. Both come
/// without their marks.
pub(super) fn prompt_key(format: &PromptFormat, prompt: &[u8], completion: &[u8]) -> u128 {
    let mut said = said(format.prompt(), prompt);
    if said.is_empty() {
        said = self::said(format.completion(), completion);
    }
    hash::key(said.into_iter().map(|text| hash::field(Some(text))))
}

/// The text between the template's literals, each found as far left as it can be; those of parts that are left out
/// are mostly not found. Without empty texts.
fn said<'t>(template: &Template, mut text: &'t [u8]) -> Vec<&'t [u8]> {
    let mut said = vec![];
    for literal in template.literals() {
        if let Some(at) = memmem::find(text, literal.as_bytes()) {
            said.push(&text[..at]);
            text = &text[at + literal.len()..];
        }
    }
    said.push(text);
    said.retain(|text| !text.is_empty());
    said
}

/// Adds the key to rows that are formatted by a later step, as that step would.
pub struct PromptKeyStage(FormatStage);

impl PromptKeyStage {
    /// Over the stage of the later step, whose options ask for the key.
    pub fn new(format: FormatStage) -> Self {
        PromptKeyStage(format)
    }
}

impl Map for PromptKeyStage {
    fn map(&self, batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        let (rows, values) = (batch.rows(), self.0.renderer.values(&batch)?);
        let outcome = Run::of(&self.0, &batch, &mut StepCounts::default())?;
        let gone: HashSet<usize> = outcome.removals.iter().map(|(_, removal)| removal.index).collect();
        let made = outcome.records()?;
        let mut made = keys_of(&made, schema::PROMPT_KEY)?.into_iter();
        let mut keys = Vec::with_capacity(rows * 16);
        for row in 0..rows {
            // A row that cannot be formatted as it is may be changed by the steps between.
            let raw = || {
                let fields = (0..values.len()).map(|c| super::render::value(&values, c, row));
                hash::key(fields.map(|text| hash::field(text.map(str::as_bytes))))
            };
            let key = if gone.contains(&row) { raw() } else { made.next().unwrap_or_default() };
            keys.extend(key.to_be_bytes());
        }
        with_keys(batch, schema::PROMPT_KEY, keys)
    }
}
