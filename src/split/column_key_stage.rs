//! A key of a row from columns: it decides the split if no prompt format makes one, or the group of a row.

use crate::error::Result;
use crate::flow::Map;
use crate::hash;
use crate::record::{Batch, KeyColumn, with_keys};
use crate::report::StepCounts;

/// Adds a hidden key from columns. Those of the completion are used only if the others are all empty.
pub(crate) struct ColumnKeyStage {
    /// The name of the hidden column.
    pub(crate) name: &'static str,
    /// The columns of the prompt, or those of `by=`.
    pub(crate) columns: Vec<String>,
    /// The columns of the completion; none with `by=`.
    pub(crate) otherwise: Vec<String>,
}

impl Map for ColumnKeyStage {
    fn map(&self, batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        let key_columns = |names: &[String]| {
            names.iter().map(|name| KeyColumn::new(&batch, name)).collect::<Result<Vec<_>>>()
        };
        let (columns, otherwise) = (key_columns(&self.columns)?, key_columns(&self.otherwise)?);
        let mut keys = Vec::with_capacity(batch.rows() * 16);
        for i in 0..batch.rows() {
            let empty = columns.iter().all(|c| c.value(i).is_none_or(|value| value.is_empty()));
            let chosen = if empty && !otherwise.is_empty() { &otherwise } else { &columns };
            keys.extend(hash::key(chosen.iter().map(|c| hash::field(c.value(i).as_deref()))).to_be_bytes());
        }
        with_keys(batch, self.name, keys)
    }
}
