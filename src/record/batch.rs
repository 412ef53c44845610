//! A batch of rows with the place of each row.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::datatypes::{Field, Schema};

use super::place::Places;
use super::removal::{Duplicate, Reject};
use crate::arrow_result::ArrowResult;
use crate::error::{Error, Result};

/// Rows in order: an Arrow batch, the places of its rows, and the rows that steps have removed from it so far.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Position in input order: 0, 1, 2, … without a gap.
    pub seq: u64,
    /// The rows. Columns whose name starts with [`HIDDEN`](super::schema::HIDDEN) are internal and never written.
    pub records: RecordBatch,
    /// Where each row came from, one place for each row.
    pub places: Places,
    /// Rows that steps rejected; the sink writes them.
    pub rejects: Vec<Reject>,
    /// Duplicates that steps dropped, each with the row that was kept.
    pub duplicates: Vec<Duplicate>,
}

impl Batch {
    /// A batch with the number 0, from which no row was removed.
    pub(crate) fn new(records: RecordBatch, places: Places) -> Self {
        Batch { seq: 0, records, places, rejects: Vec::new(), duplicates: Vec::new() }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.records.num_rows()
    }

    /// The column of this name.
    ///
    /// # Errors
    /// `Internal`, where there is none: the plan was resolved against the schema.
    pub(crate) fn column(&self, name: &str) -> Result<&ArrayRef> {
        self.records
            .column_by_name(name)
            .ok_or_else(|| Error::internal(format!("the plan has a column `{name}`, the batch does not")))
    }

    /// These rows in order, each with the number of its copy: 0 for the row itself. Copies of a row are neighbours.
    pub(crate) fn repeat(mut self, rows: &[(usize, u64)]) -> Result<Self> {
        let indices = UInt64Array::from_iter_values(rows.iter().map(|(i, _)| *i as u64));
        self.records = take_record_batch(&self.records, &indices).or_too_large()?;
        self.places = self.places.repeat(rows);
        Ok(self)
    }

    /// Keeps the rows, with their places, whose mask is true.
    pub(crate) fn keep(mut self, mask: &BooleanArray) -> Result<Self> {
        if mask.true_count() < mask.len() {
            self.records = filter_record_batch(&self.records, mask).or_defect()?;
            self.places.keep(mask);
        }
        Ok(self)
    }

    /// The batch up to and including row `row` of its file: rows, rejects and duplicates.
    pub(crate) fn until(self, row: u64) -> Self {
        self.before(row.saturating_add(1))
    }

    /// The batch before row `row` of its file: rows, rejects and duplicates.
    pub(crate) fn before(mut self, row: u64) -> Self {
        let rows = self.places.rows.partition_point(|place| place.row < row);
        self.records = self.records.slice(0, rows);
        self.places.truncate(rows);
        self.rejects.retain(|r| r.position < row);
        self.duplicates.retain(|d| d.position < row);
        self
    }

    /// Adds a column at the end, or replaces the column of that name.
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

    /// Removes the columns of these names, where there are any.
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
