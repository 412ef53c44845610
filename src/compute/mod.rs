//! Steps computed outside: expressions and functions of the caller, over columns of a batch.

mod join;
mod row_index;

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, SchemaRef};

use crate::error::{Class, Error, Result};
use crate::record::{Batch, finding, json, reason, schema};
use crate::report::StepCounts;
use crate::stage::{Map, Ordered, TakenOut};

pub use join::JoinStage;
pub use row_index::RowIndexStage;

/// Something that makes columns of columns, row by row: a batch of `n` rows gives one of `n` rows.
pub trait Function: Send + Sync {
    /// The new columns.
    fn call(&self, columns: &RecordBatch) -> Result<RecordBatch>;
}

/// Keeps the rows for which the one column that the function makes is true.
pub struct FilterStage {
    /// The columns it is given.
    pub columns: Vec<String>,
    /// Makes one Boolean column.
    pub function: Arc<dyn Function>,
}

impl Map for FilterStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let made = call(self.function.as_ref(), &pick(&batch, &self.columns)?, "filter")?;
        let mask = cast(made.column(0), &DataType::Boolean)?;
        let mask = mask.as_boolean();
        // A null is no yes, as in polars.
        let keep: BooleanArray = (0..mask.len()).map(|i| Some(mask.is_valid(i) && mask.value(i))).collect();
        for i in (0..keep.len()).filter(|i| !keep.value(*i)) {
            counts.remove(reason::FILTERED, batch.places.at(i));
        }
        batch.keep(&keep)
    }
}

/// Adds or replaces columns.
pub struct WithColumnsStage {
    /// The columns it is given; none means all.
    pub columns: Option<Vec<String>>,
    /// Makes the columns.
    pub function: Arc<dyn Function>,
    /// What it makes, found with no rows when the plan was resolved.
    pub makes: SchemaRef,
    /// Whether what it makes replaces all columns (`map_batches`) or joins them.
    pub replaces: bool,
    /// The step's name.
    pub step: String,
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

/// Calls with a check of the promise that rows stay what they are.
pub fn call(function: &dyn Function, columns: &RecordBatch, step: &str) -> Result<RecordBatch> {
    let made = function.call(columns)?;
    if made.num_rows() != columns.num_rows() {
        return Err(Error::new(
            Class::Callback,
            "rows_changed",
            format!("{step}: {} rows went in, {} came out", columns.num_rows(), made.num_rows()),
        )
        .help("it must be row-wise: one row out for each row in; use filter to take rows out"));
    }
    Ok(made)
}

fn pick(batch: &Batch, columns: &[String]) -> Result<RecordBatch> {
    let schema = batch.records.schema();
    let indices = columns
        .iter()
        .map(|c| schema.index_of(c).map_err(|_| Error::internal(format!("column `{c}` vanished"))))
        .collect::<Result<Vec<_>>>()?;
    Ok(batch.records.project(&indices)?)
}

fn visible(batch: &Batch) -> Result<RecordBatch> {
    let fields = batch.records.schema();
    let indices: Vec<usize> =
        (0..fields.fields().len()).filter(|i| !schema::is_hidden(fields.field(*i).name())).collect();
    Ok(batch.records.project(&indices)?)
}

/// Picks columns and gives them their new names.
pub struct ProjectStage {
    /// Old and new name, in the new order; hidden columns stay.
    pub columns: Vec<(String, String)>,
}

impl Map for ProjectStage {
    fn map(&self, mut batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        let old = batch.records.schema();
        let mut fields = Vec::new();
        let mut columns = Vec::new();
        for (from, to) in &self.columns {
            let (i, field) = old
                .column_with_name(from)
                .ok_or_else(|| Error::internal(format!("column `{from}` vanished")))?;
            fields.push(Arc::new(field.clone().with_name(to)));
            columns.push(Arc::clone(batch.records.column(i)));
        }
        for (i, field) in old.fields().iter().enumerate().filter(|(_, f)| schema::is_hidden(f.name())) {
            fields.push(Arc::clone(field));
            columns.push(Arc::clone(batch.records.column(i)));
        }
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.rows()));
        let schema = Arc::new(arrow::datatypes::Schema::new(fields));
        batch.records = RecordBatch::try_new_with_options(schema, columns, &options)?;
        Ok(batch)
    }
}

/// Keeps the first rows in the order that reaches it.
pub struct HeadStage {
    left: usize,
    ends_input: bool,
}

impl HeadStage {
    /// Keeps `rows` rows. With `ends_input` the input ends with the last of them, and what comes after it is never
    /// read; else those that come after it were read, and are taken out.
    pub fn new(rows: usize, ends_input: bool) -> Self {
        HeadStage { left: rows, ends_input }
    }
}

impl Ordered for HeadStage {
    fn push(&mut self, batch: Batch, taken_out: &mut TakenOut) -> Result<Batch> {
        let kept = self.left.min(batch.rows());
        self.left -= kept;
        if !self.ends_input {
            taken_out.extend((kept..batch.rows()).map(|i| (reason::PAST_HEAD, batch.places.at(i))));
            let mask = (0..batch.rows()).map(|i| Some(i < kept)).collect();
            return batch.keep(&mask);
        }
        match kept.checked_sub(1) {
            Some(last) if self.left == 0 => {
                let row = batch.places.rows[last].row;
                Ok(batch.until(row))
            }
            _ => Ok(batch),
        }
    }

    fn can_be_satisfied(&self) -> bool {
        self.ends_input
    }

    fn is_satisfied(&self) -> bool {
        self.ends_input && self.left == 0
    }
}

/// The field of a column as it travels: text as views.
pub fn travelling(field: &Field) -> Field {
    match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => field.clone().with_data_type(DataType::Utf8View),
        _ => field.clone(),
    }
}
