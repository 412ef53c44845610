//! The stage of all repairs: edits the texts of columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringViewArray, StringViewBuilder};
use arrow::datatypes::DataType;

use crate::arrow_result::ArrowResult;
use crate::error::Result;
use crate::flow::{Edit, Map};
use crate::record::{Batch, finding, text_views};
use crate::report::StepCounts;

/// Edits the texts of columns. Null stays null.
pub(crate) struct EditStage<E> {
    /// The verb, for the report.
    pub(crate) verb: &'static str,
    pub(crate) columns: Vec<String>,
    pub(crate) edit: E,
}

impl<E: Edit> Map for EditStage<E> {
    fn map(&self, mut batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let mut replaced = BTreeMap::new();
        for name in &self.columns {
            let schema = batch.records.schema();
            let field = schema.field_with_name(name).or_defect()?.clone();
            let texts = text_views(batch.column(name)?.as_ref())?;
            let (column, edited) = self.edited(texts, &mut replaced);
            if let Some(first) = batch.places.earliest(edited.iter().copied()) {
                let named = format!("{}({name})", self.verb);
                counts.add_named_finding(finding::REPAIRED, &named, first, edited.len() as u64);
            }
            batch = batch.with_column(field.with_data_type(DataType::Utf8View), column)?;
        }
        for (kind, rows) in replaced {
            if let Some(first) = batch.places.earliest(rows.iter().copied()) {
                counts.add_named_finding(finding::REDACTED, kind, first, rows.len() as u64);
            }
        }
        Ok(batch)
    }
}

impl<E: Edit> EditStage<E> {
    /// The column after the edit, and the rows that it changed. Adds the row of each replaced piece to `replaced`, by kind.
    fn edited(
        &self,
        texts: StringViewArray,
        replaced: &mut BTreeMap<&'static str, Vec<usize>>,
    ) -> (ArrayRef, Vec<usize>) {
        let mut edited: Vec<(usize, String)> = Vec::new();
        for row in (0..texts.len()).filter(|row| texts.is_valid(*row)) {
            let mut note = |kind| replaced.entry(kind).or_default().push(row);
            if let Some(text) = self.edit.edit(texts.value(row), &mut note) {
                edited.push((row, text));
            }
        }
        if edited.is_empty() {
            return (Arc::new(texts), Vec::new());
        }
        let mut column = StringViewBuilder::with_capacity(texts.len());
        let mut next = edited.iter().peekable();
        for (row, text) in texts.iter().enumerate() {
            match next.next_if(|(changed, _)| *changed == row) {
                Some((_, text)) => column.append_value(text),
                None => column.append_option(text),
            }
        }
        (Arc::new(column.finish()), edited.into_iter().map(|(row, _)| row).collect())
    }
}
