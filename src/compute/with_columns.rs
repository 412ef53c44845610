//! `with_columns` and `map_batches`: add or replace columns by expressions and functions of the user.

use std::sync::Arc;

use arrow::array::{Array, new_null_array};
use arrow::datatypes::SchemaRef;

use super::function::{Function, call, pick, visible};
use crate::error::{Class, Error, Result};
use crate::flow::Map;
use crate::record::{Batch, finding, json};
use crate::report::StepCounts;

/// Adds or replaces columns by those that a function returns.
pub(crate) struct WithColumnsStage {
    /// The columns that are passed to the function; none means all.
    pub(crate) columns: Option<Vec<String>>,
    /// Returns the new columns.
    pub(crate) function: Arc<dyn Function>,
    /// The schema of its result, which it returned for an empty batch when the plan was resolved.
    pub(crate) result_schema: SchemaRef,
    /// Whether the result replaces all columns (`map_batches`).
    pub(crate) replaces_all: bool,
    /// The name of the step, for errors.
    pub(crate) step: String,
}

impl Map for WithColumnsStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let argument = match &self.columns {
            Some(columns) => pick(&batch.records, columns)?,
            None => visible(&batch.records)?,
        };
        let result = call(self.function.as_ref(), &argument, &self.step)?;
        let names = |s: &SchemaRef| s.fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
        if names(&result.schema()) != names(&self.result_schema) {
            return Err(Error::new(
                Class::Callback,
                "columns_changed",
                format!(
                    "{}: must return the columns {:?}, as for an empty batch; got {:?}",
                    self.step,
                    names(&self.result_schema),
                    names(&result.schema())
                ),
            )
            .help("return the same columns for every batch, including an empty one"));
        }
        let mut out = batch;
        if self.replaces_all {
            // All columns are removed first, so that the new ones are in the order of the result.
            let old = visible(&out.records)?.schema();
            let old: Vec<&str> = old.fields().iter().map(|f| f.name().as_str()).collect();
            out = out.without_columns(&old)?;
        }
        for (field, column) in self.result_schema.fields().iter().zip(result.columns()) {
            let column = if column.data_type() == field.data_type() {
                Arc::clone(column)
            } else if column.null_count() == column.len() || column.data_type().is_null() {
                // A column that is null in the whole batch may have another type.
                new_null_array(field.data_type(), column.len())
            } else {
                let message = format!(
                    "{}: column `{}` must be {}, as for an empty batch; got {}",
                    self.step,
                    field.name(),
                    field.data_type(),
                    column.data_type()
                );
                return Err(Error::new(Class::Callback, "columns_changed", message)
                    .help("return the same types for every batch, including an empty one"));
            };
            let (column, not_json) = json::checked(field, &column)?;
            if let Some(first) = out.places.earliest(not_json.iter().copied()) {
                counts.add_named_finding(finding::COERCED, field.name(), first, not_json.len() as u64);
            }
            out = out.with_column(field.as_ref().clone(), column)?;
        }
        Ok(out)
    }
}
