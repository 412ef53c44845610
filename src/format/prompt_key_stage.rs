//! The stage that adds the key of the prompt to rows before they are formatted.

use std::collections::HashSet;

use super::formatting::Formatting;
use super::render::value;
use super::stage::FormatStage;
use crate::error::Result;
use crate::flow::Map;
use crate::hash;
use crate::record::{Batch, keys_of, schema, with_keys};
use crate::report::StepCounts;

/// Adds the key that a later `format` would add, for a `split` before it.
pub(crate) struct PromptKeyStage(FormatStage);

impl PromptKeyStage {
    /// From the stage of the later `format`, with the option `prompt_key`.
    pub(crate) fn new(format: FormatStage) -> Self {
        PromptKeyStage(format)
    }
}

impl Map for PromptKeyStage {
    fn map(&self, batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        let formatter = &self.0.formatter;
        let (rows, values) = (batch.rows(), formatter.renderer.values(&batch)?);
        let formatted = Formatting::run(formatter, &batch, &mut StepCounts::default())?;
        let removed: HashSet<usize> = formatted.removals.iter().map(|(_, removal)| removal.index).collect();
        let formatted = formatted.records()?;
        let mut formatted_keys = keys_of(&formatted, schema::PROMPT_KEY)?.into_iter();
        let mut keys = Vec::with_capacity(rows * 16);
        for row in 0..rows {
            // The steps before `format` may still change a row that cannot be formatted now.
            let raw = || {
                let fields = (0..values.len()).map(|c| value(&values, c, row));
                hash::key(fields.map(|text| hash::field(text.map(str::as_bytes))))
            };
            let key = if removed.contains(&row) { raw() } else { formatted_keys.next().unwrap_or_default() };
            keys.extend(key.to_be_bytes());
        }
        with_keys(batch, schema::PROMPT_KEY, keys)
    }
}
