//! Dictionaries and record batches that were read and are not decoded yet.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::{RecordBatchDecoder, read_dictionary};

use super::error::corrupt;
use super::head::Head;
use crate::error::{Error, Result};
use crate::guard::guarded;

/// The values of dictionaries, by their ids.
pub(super) type Dictionaries = HashMap<i64, ArrayRef>;

/// The head and the body of a message.
#[derive(Debug)]
pub(super) struct Message {
    head: Head,
    body: Buffer,
    /// Bytes of its buffers once they are decompressed.
    bytes: usize,
}

impl Message {
    /// A message of a dictionary or of a record batch, after a check that its buffers are within its body.
    ///
    /// # Errors
    /// A message that says what is wrong.
    pub(super) fn new(head: Head, body: Buffer) -> Result<Self, String> {
        let bytes = head.check_buffers(&body)?;
        Ok(Message { head, body, bytes })
    }

    /// Adds the values of a dictionary.
    ///
    /// # Errors
    /// A message that says what is wrong.
    pub(super) fn add_to(&self, dictionaries: &mut Dictionaries, schema: &SchemaRef) -> Result<(), String> {
        let message = self.head.message()?;
        let batch = message.header_as_dictionary_batch().ok_or("its head is empty")?;
        guarded(|| read_dictionary(&self.body, batch, schema, dictionaries, &message.version()))?
            .map_err(|e| e.to_string())
    }

    /// Decodes these columns of a record batch. Every length, offset, key and text is checked: the decoder builds each
    /// array with full validation.
    fn decode(
        &self,
        schema: &SchemaRef,
        dictionaries: &Dictionaries,
        columns: &[usize],
    ) -> Result<RecordBatch, String> {
        let version = self.head.message()?.version();
        let batch = self.head.batch()?;
        // The columns show how many rows there are; so at least one is decoded.
        let first: &[usize] = if schema.fields().is_empty() { &[] } else { &[0] };
        let decoded = if columns.is_empty() { first } else { columns };
        let records = guarded(|| {
            RecordBatchDecoder::try_new(&self.body, batch, schema.clone(), dictionaries, &version)?
                .with_projection(Some(decoded))
                .read_record_batch()
        })?;
        let records = records.map_err(|e| e.to_string())?;
        if columns.is_empty() { records.project(&[]).map_err(|e| e.to_string()) } else { Ok(records) }
    }
}

/// What a record batch needs to be decoded, beside its message.
#[derive(Debug)]
pub(super) struct Context {
    /// The path of the file.
    pub(super) path: PathBuf,
    /// The schema of the file, with its dictionaries.
    pub(super) schema: SchemaRef,
    /// The numbers of the columns to decode.
    pub(super) columns: Vec<usize>,
}

/// A record batch that is not decoded yet. The first worker that needs rows of it decodes all of them.
#[derive(Debug)]
pub(super) struct EncodedRecords {
    message: Message,
    context: Arc<Context>,
    dictionaries: Arc<Dictionaries>,
    /// The number of the record batch within its file, and of its first row.
    number: usize,
    first_row: u64,
    /// How many rows it should have.
    rows: usize,
    decoded: OnceLock<Result<RecordBatch, String>>,
}

impl EncodedRecords {
    pub(super) fn new(
        message: Message,
        context: Arc<Context>,
        dictionaries: Arc<Dictionaries>,
        number: usize,
        first_row: u64,
        rows: usize,
    ) -> Self {
        EncodedRecords { message, context, dictionaries, number, first_row, rows, decoded: OnceLock::new() }
    }

    /// The number of its first row within its file.
    pub(super) fn first_row(&self) -> u64 {
        self.first_row
    }

    /// How many rows it has.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of its buffers once they are decompressed.
    pub(super) fn bytes(&self) -> usize {
        self.message.bytes
    }

    /// The requested columns of all rows.
    ///
    /// # Errors
    /// `corrupt_ipc`, with the number of the record batch.
    pub(super) fn decoded(&self) -> Result<&RecordBatch> {
        let decode = || self.message.decode(&self.context.schema, &self.dictionaries, &self.context.columns);
        let decoded = self.decoded.get_or_init(decode);
        decoded.as_ref().map_err(|why| self.corrupt(why))
    }

    #[cold]
    pub(super) fn corrupt(&self, why: &str) -> Error {
        corrupt(&self.context.path, format!("record batch {}: {why}", self.number)).row(self.first_row)
    }
}
