//! A batch of rows that know where they came from.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema};

use super::place::Places;
use super::removal::{Duplicate, Reject};
use crate::arrow_result::ArrowResult;
use crate::error::{Error, Result};

/// Rows of one file, in order: an Arrow batch beside the places of its rows, and what was taken out of it so far.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Position in input order: 0, 1, 2, … without a gap.
    pub seq: u64,
    /// The rows. Columns whose name starts with [`HIDDEN`](super::schema::HIDDEN) are ours and never written.
    pub records: RecordBatch,
    /// Where each row came from; as many as there are rows.
    pub places: Places,
    /// Rows rejected on the way, to be written when the batch reaches the sink.
    pub rejects: Vec<Reject>,
    /// Duplicates dropped on the way, with the row that was kept.
    pub duplicates: Vec<Duplicate>,
}

impl Batch {
    /// These rows as the first batch, with nothing taken out.
    pub(crate) fn new(records: RecordBatch, places: Places) -> Self {
        Batch { seq: 0, records, places, rejects: Vec::new(), duplicates: Vec::new() }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.records.num_rows()
    }

    /// The column of this name; a missing one is our defect, since the plan was resolved against the schema.
    pub(crate) fn column(&self, name: &str) -> Result<&ArrayRef> {
        self.records
            .column_by_name(name)
            .ok_or_else(|| Error::internal(format!("column `{name}` vanished between plan and run")))
    }

    /// Keeps the rows whose mask is true, places included.
    pub(crate) fn keep(mut self, mask: &BooleanArray) -> Result<Self> {
        if mask.true_count() < mask.len() {
            self.records = filter_record_batch(&self.records, mask).or_defect()?;
            self.places.keep(mask);
        }
        Ok(self)
    }

    /// The batch without what comes after this row of its file: rows, rejects and duplicates.
    pub(crate) fn until(self, row: u64) -> Self {
        self.before(row.saturating_add(1))
    }

    /// The batch without this row of its file and what comes after it: rows, rejects and duplicates.
    pub(crate) fn before(mut self, row: u64) -> Self {
        let rows = self.places.rows.partition_point(|place| place.row < row);
        self.records = self.records.slice(0, rows);
        self.places.rows.truncate(rows);
        self.rejects.retain(|r| r.position < row);
        self.duplicates.retain(|d| d.position < row);
        self
    }

    /// Adds a column at the end, or replaces the one of that name where it stands.
    pub(crate) fn with_column(mut self, field: Field, column: ArrayRef) -> Result<Self> {
        if column.len() != self.rows() {
            return Err(Error::internal(format!(
                "column `{}` has {} rows, the batch {}",
                field.name(),
                column.len(),
                self.rows()
            )));
        }
        let schema = self.records.schema();
        let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
        let mut columns = self.records.columns().to_vec();
        match schema.index_of(field.name()) {
            Ok(i) => {
                fields[i] = Arc::new(field);
                columns[i] = column;
            }
            Err(_) => {
                fields.push(Arc::new(field));
                columns.push(column);
            }
        }
        self.records = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).or_defect()?;
        Ok(self)
    }

    /// Takes the columns of these names out, where they are.
    pub(crate) fn without_columns(mut self, names: &[&str]) -> Result<Self> {
        let schema = self.records.schema();
        let kept: Vec<usize> = (0..schema.fields().len())
            .filter(|i| !names.contains(&schema.field(*i).name().as_str()))
            .collect();
        if kept.len() < schema.fields().len() {
            self.records = self.records.project(&kept).or_defect()?;
        }
        Ok(self)
    }
}
