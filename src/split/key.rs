//! What a row's side is decided by where no format says it: named columns, or a prompt that is rendered already.

use crate::error::Result;
use crate::flow::Map;
use crate::hash;
use crate::record::{Batch, KeyColumn, schema, with_keys};
use crate::report::StepCounts;

/// Adds the hidden key over raw columns; those of the completion count only where the others are all empty.
pub(crate) struct SplitKeyStage {
    /// The prompt's columns, or those of `by=`.
    pub(crate) columns: Vec<String>,
    /// The completion's columns; none with `by=`.
    pub(crate) otherwise: Vec<String>,
}

impl Map for SplitKeyStage {
    fn map(&self, batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        let of = |names: &[String]| {
            names.iter().map(|name| KeyColumn::new(&batch, name)).collect::<Result<Vec<_>>>()
        };
        let (columns, otherwise) = (of(&self.columns)?, of(&self.otherwise)?);
        let mut keys = Vec::with_capacity(batch.rows() * 16);
        for i in 0..batch.rows() {
            let empty = columns.iter().all(|c| c.value(i).is_none_or(|value| value.is_empty()));
            let chosen = if empty && !otherwise.is_empty() { &otherwise } else { &columns };
            keys.extend(hash::key(chosen.iter().map(|c| hash::field(c.value(i).as_deref()))).to_be_bytes());
        }
        with_keys(batch, schema::PROMPT_KEY, keys)
    }
}
