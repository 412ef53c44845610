//! Decodes rows of record batches.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};

use super::message::EncodedRecords;
use crate::error::Result;
use crate::flow::{Decode, Piece};
use crate::read::ReadColumn;
use crate::read::arrow::{Records, RecordsDecode};
use crate::read::typed_columns::conform_records;
use crate::record::{Batch, RowPlace};
use crate::report::StepCounts;

/// Rows of a record batch that is not decoded yet.
#[derive(Debug, Clone)]
pub(super) struct EncodedRows {
    /// Index of the file.
    pub(super) file: u32,
    /// The number of the first of these rows within the file.
    pub(super) first_row: u64,
    /// Which rows of the record batch.
    pub(super) rows: Range<usize>,
    pub(super) records: Arc<EncodedRecords>,
    /// The columns to read, with their types in all files.
    pub(super) schema: SchemaRef,
}

impl Piece for EncodedRows {
    fn bytes(&self) -> usize {
        let each = self.records.bytes() / self.records.rows().max(1);
        self.rows.len() * (each + size_of::<RowPlace>())
    }

    fn until(&self, row: u64) -> Self {
        let rows = usize::try_from((row + 1).saturating_sub(self.first_row)).unwrap_or(usize::MAX);
        let end = self.rows.start.saturating_add(rows).min(self.rows.end);
        EncodedRows { rows: self.rows.start..end, ..self.clone() }
    }
}

/// Decodes the columns of a plan.
pub(super) struct IpcDecode {
    decode: RecordsDecode,
}

impl IpcDecode {
    /// Columns of kind text become string views; `schema` has the columns of all files.
    ///
    /// # Errors
    /// Those of [`RecordsDecode::new`].
    pub(super) fn new(columns: &[ReadColumn], schema: &Schema) -> Result<Self> {
        Ok(IpcDecode { decode: RecordsDecode::new(columns, schema)? })
    }
}

impl Decode<EncodedRows> for IpcDecode {
    fn decode(&self, piece: EncodedRows, counts: &mut StepCounts) -> Result<Batch> {
        let EncodedRows { file, first_row, rows, records, schema } = piece;
        let decoded = records.decoded()?.slice(rows.start, rows.len());
        let rows = conform_records(&decoded, &schema, |why| records.corrupt(why))?;
        self.decode.decode(Records { file, first_row, rows }, counts)
    }
}
