//! `with_columns` and `map_batches`: columns that expressions and functions of the caller make.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch, new_null_array};
use arrow::datatypes::SchemaRef;

use super::function::{Function, call, pick};
use crate::arrow_result::ArrowResult;
use crate::error::{Class, Error, Result};
use crate::flow::Map;
use crate::record::{Batch, finding, json, schema};
use crate::report::StepCounts;

/// Adds or replaces columns.
pub(crate) struct WithColumnsStage {
    /// The columns it is given; none means all.
    pub(crate) columns: Option<Vec<String>>,
    /// Makes the columns.
    pub(crate) function: Arc<dyn Function>,
    /// What it makes, found with no rows when the plan was resolved.
    pub(crate) makes: SchemaRef,
    /// Whether what it makes replaces all columns (`map_batches`) or joins them.
    pub(crate) replaces: bool,
    /// The step's name.
    pub(crate) step: String,
}

impl Map for WithColumnsStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let given = match &self.columns {
            Some(columns) => pick(&batch, columns)?,
            None => visible(&batch)?,
        };
        let made = call(self.function.as_ref(), &given, &self.step)?;
        let names = |s: &SchemaRef| s.fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
        if names(&made.schema()) != names(&self.makes) {
            return Err(Error::new(
                Class::Callback,
                "columns_changed",
                format!(
                    "{}: made columns {:?}, but {:?} for no rows",
                    self.step,
                    names(&made.schema()),
                    names(&self.makes)
                ),
            )
            .help("a function must make the same columns for every batch, an empty one included"));
        }
        let mut out = batch;
        if self.replaces {
            // All of them, so that the new ones come in the order in which the function gives them.
            let old = visible(&out)?.schema();
            let old: Vec<&str> = old.fields().iter().map(|f| f.name().as_str()).collect();
            out = out.without_columns(&old)?;
        }
        for (field, column) in self.makes.fields().iter().zip(made.columns()) {
            let column = if column.data_type() == field.data_type() {
                Arc::clone(column)
            } else if column.null_count() == column.len() || column.data_type().is_null() {
                // A batch in which a column happens to be all null comes as another type.
                new_null_array(field.data_type(), column.len())
            } else {
                let message = format!(
                    "{}: column `{}` is {}, but {} for no rows",
                    self.step,
                    field.name(),
                    column.data_type(),
                    field.data_type()
                );
                return Err(Error::new(Class::Callback, "columns_changed", message)
                    .help("a function must make the same types for every batch, an empty one included"));
            };
            let (column, not_json) = json::checked(field, &column)?;
            if let Some(first) = out.places.earliest(not_json.iter().copied()) {
                counts.find_named(finding::COERCED, field.name(), first, not_json.len() as u64);
            }
            out = out.with_column(field.as_ref().clone(), column)?;
        }
        Ok(out)
    }
}

fn visible(batch: &Batch) -> Result<RecordBatch> {
    let fields = batch.records.schema();
    let indices: Vec<usize> =
        (0..fields.fields().len()).filter(|i| !schema::is_hidden(fields.field(*i).name())).collect();
    batch.records.project(&indices).or_defect()
}
