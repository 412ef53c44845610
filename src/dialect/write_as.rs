//! `write_as`: rows become conversations in the form of a provider or a trainer.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringViewBuilder};
use arrow::datatypes::{FieldRef, Schema};

use super::cells_of_batch::PartCells;
use super::dialect::Dialect;
use super::form::Form;
use super::form_parts::Written;
use super::part_columns::PartColumns;
use crate::arrow_result::ArrowResult;
use crate::error::Result;
use crate::flow::Map;
use crate::record::{Batch, Policy, Removal, reason, schema};
use crate::report::StepCounts;

/// Replaces the columns of rows by those of conversations; rows that cannot be written so are rejects.
pub(crate) struct WriteAsStage {
    pub(crate) dialect: &'static dyn Dialect,
    /// The column of each part.
    pub(crate) columns: PartColumns,
    pub(crate) form: Form,
}

impl Map for WriteAsStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let parts = PartCells::new(&batch.records, &self.columns)?;
        let (mut removals, mut rows) = (Vec::new(), Vec::new());
        for index in 0..batch.rows() {
            let row = parts.row(index);
            let written = match self.dialect.read(&row) {
                Ok(dialogue) => self.form.write(&dialogue),
                Err(misfit) => Err(misfit.to_string()),
            };
            match written {
                Ok(written) => rows.push(written),
                Err(detail) => {
                    removals.push(Removal { index, code: reason::NOT_IN_TARGET, column: None, detail });
                }
            }
        }
        let mut batch = batch.remove(removals, Policy::Reject, counts)?;
        let hidden = batch.records.schema();
        let hidden = hidden.fields().iter().zip(batch.records.columns());
        let hidden = hidden.filter(|(field, _)| schema::is_hidden(field.name()));
        let (mut fields, mut columns): (Vec<FieldRef>, Vec<ArrayRef>) =
            hidden.map(|(field, column)| (Arc::clone(field), Arc::clone(column))).unzip();
        for name in self.form.columns() {
            fields.push(Arc::new(schema::json(name)));
            columns.push(column(&rows, name));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        batch.records = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
            .or_defect()?;
        Ok(batch)
    }
}

fn column(rows: &[Written], name: &str) -> ArrayRef {
    let mut column = StringViewBuilder::with_capacity(rows.len());
    for row in rows {
        let value = row.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.as_deref());
        column.append_option(value);
    }
    Arc::new(column.finish())
}
