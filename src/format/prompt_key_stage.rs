//! The stage that adds the key of a prompt to rows that a later step formats.

use std::collections::HashSet;

use super::formatting::Formatting;
use super::render::value;
use super::stage::FormatStage;
use crate::error::Result;
use crate::flow::Map;
use crate::hash;
use crate::record::{Batch, keys_of, schema, with_keys};
use crate::report::StepCounts;

/// Adds the key to rows that are formatted by a later step, as that step would.
pub(crate) struct PromptKeyStage(FormatStage);

impl PromptKeyStage {
    /// Over the stage of the later step, whose options ask for the key.
    pub(crate) fn new(format: FormatStage) -> Self {
        PromptKeyStage(format)
    }
}

impl Map for PromptKeyStage {
    fn map(&self, batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        let formatter = &self.0.formatter;
        let (rows, values) = (batch.rows(), formatter.renderer.values(&batch)?);
        let formatted = Formatting::of(formatter, &batch, &mut StepCounts::default())?;
        let gone: HashSet<usize> = formatted.removals.iter().map(|(_, removal)| removal.index).collect();
        let made = formatted.records()?;
        let mut made = keys_of(&made, schema::PROMPT_KEY)?.into_iter();
        let mut keys = Vec::with_capacity(rows * 16);
        for row in 0..rows {
            // A row that cannot be formatted as it is may be changed by the steps between.
            let raw = || {
                let fields = (0..values.len()).map(|c| value(&values, c, row));
                hash::key(fields.map(|text| hash::field(text.map(str::as_bytes))))
            };
            let key = if gone.contains(&row) { raw() } else { made.next().unwrap_or_default() };
            keys.extend(key.to_be_bytes());
        }
        with_keys(batch, schema::PROMPT_KEY, keys)
    }
}
