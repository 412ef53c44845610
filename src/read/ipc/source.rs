//! Cuts Arrow IPC files into rows of record batches, which workers decode.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};

use super::decode::EncodedRows;
use super::message::{Context, EncodedRecords};
use super::opened_file::{Batches, OpenedFile};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::flow::Cut;
use crate::read::inputs::Inputs;
use crate::read::parts::{Extent, Part, groups};
use crate::read::typed_columns::{SchemaUnion, returned_field};
use crate::read::{InputFile, Limits};
use crate::record::is_text;

/// The columns of all files in order of first appearance, all nullable, text as views. Reads the schemas of all files.
///
/// # Errors
/// `schema_mismatch`; those of opening the files.
pub(super) fn schema(files: &[InputFile], cancel: &Cancel) -> Result<SchemaRef> {
    let mut union = SchemaUnion::default();
    for file in files {
        cancel.check()?;
        let schema = OpenedFile::open(file)?.schema;
        let field = |field| {
            let field = returned_field(field);
            if is_text(field.data_type()) { field.with_data_type(DataType::Utf8View) } else { field }
        };
        union.add(&Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()), file)?;
    }
    Ok(Arc::new(union.schema()))
}

/// Cuts files into parts of about `bytes` stored bytes each, between record batches. A stream is one part.
///
/// # Errors
/// Those of opening the files.
pub(super) fn parts(files: &[InputFile], bytes: u64, cancel: &Cancel) -> Result<Vec<Part>> {
    let mut all = Vec::new();
    for (file, input) in (0..).zip(files) {
        cancel.check()?;
        match OpenedFile::open(input)?.batch_bytes() {
            None => all.push(Part { file, extent: Extent::Whole }),
            Some(sizes) => all.extend(
                groups(sizes.into_iter(), bytes)
                    .into_iter()
                    .map(|batches| Part { file, extent: Extent::RecordBatches(batches) }),
            ),
        }
    }
    Ok(all)
}

/// Reads files in order.
pub(super) struct IpcSource {
    files: Vec<InputFile>,
    /// The columns to read, in order.
    schema: SchemaRef,
    limits: Limits,
    inputs: Inputs,
    cancel: Cancel,
    file: usize,
    first_file: u32,
    /// The record batches to read of the only file; `None` to read all files.
    only: Option<Range<usize>>,
    /// The current file.
    batches: Option<Batches>,
    /// The current record batch, and its rows that are still to be read.
    current: Option<(Arc<EncodedRecords>, Range<usize>)>,
}

impl IpcSource {
    /// Reads these columns.
    pub(super) fn new(
        files: Vec<InputFile>,
        schema: SchemaRef,
        limits: Limits,
        first_file: u32,
        cancel: Cancel,
    ) -> Self {
        let inputs = Inputs::from_files(&files);
        let limits = limits.clamped();
        let (only, batches, current) = (None, None, None);
        IpcSource { files, schema, limits, inputs, cancel, file: 0, first_file, only, batches, current }
    }

    /// The same source, reading only a part of its files.
    ///
    /// # Errors
    /// `internal`: the part is of another format.
    pub(super) fn with_part(mut self, part: &Part) -> Result<Self> {
        self.file = part.file as usize;
        self.files.truncate(self.file + 1);
        match &part.extent {
            Extent::Whole => {}
            Extent::RecordBatches(batches) => self.only = Some(batches.clone()),
            Extent::Bytes(_) | Extent::RowGroups(_) => {
                return Err(Error::internal("a part of another format was opened as Arrow IPC"));
            }
        }
        Ok(self)
    }

    /// The inputs, which list what was read after the run.
    pub(super) fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    /// The next rows of the current record batch.
    fn slice(&mut self) -> Option<EncodedRows> {
        let (records, rest) = self.current.as_mut().filter(|(_, rest)| !rest.is_empty())?;
        let most = self.limits.rows_of(records.bytes() / records.rows().max(1));
        let rows = rest.start..rest.end.min(rest.start + most);
        rest.start = rows.end;
        Some(EncodedRows {
            file: self.first_file + self.file as u32,
            first_row: records.first_row() + rows.start as u64,
            rows,
            records: Arc::clone(records),
            schema: Arc::clone(&self.schema),
        })
    }

    fn open(&self, file: &InputFile) -> Result<Batches> {
        let opened = OpenedFile::open(file)?;
        let number = |field: &arrow::datatypes::FieldRef| opened.schema.index_of(field.name()).ok();
        let columns = self.schema.fields().iter().filter_map(number).collect();
        let context = Context { path: file.path.clone(), schema: Arc::clone(&opened.schema), columns };
        opened.batches(context, self.only.clone())
    }
}

impl Cut for IpcSource {
    type Piece = EncodedRows;

    fn next(&mut self) -> Result<Option<EncodedRows>> {
        loop {
            if let Some(rows) = self.slice() {
                return Ok(Some(rows));
            }
            self.cancel.check()?;
            let Some(file) = self.files.get(self.file) else { return Ok(None) };
            if self.batches.is_none() {
                self.batches = Some(self.open(file)?);
            }
            let Some(batches) = &mut self.batches else { continue };
            if let Some(records) = batches.next()? {
                let rows = 0..records.rows();
                self.current = Some((Arc::new(records), rows));
                continue;
            }
            if let Some((bytes, checksum)) = batches.stored() {
                self.inputs.record(self.file as u32, bytes, checksum);
            }
            (self.batches, self.current) = (None, None);
            self.file += 1;
        }
    }
}
