//! Some rows of a row group, decoded one record batch at a time: by the source when it comes to them, or ahead of it.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::RowGroupMetaData;

use super::chunks::Chunks;
use super::error::{corrupt, guard};
use super::footer::Footer;
use crate::error::{Error, Result};
use crate::read::Limits;
use crate::read::typed_columns::conform_records;

/// Uncompressed bytes of a section, about. A section decompresses the pages at its two ends, and the one after it
/// decompresses its first pages again; this is many times the usual size of a page (1 MiB). Smaller in unit tests, whose
/// files are small.
const SECTION_BYTES: usize = if cfg!(test) { 8 << 10 } else { 32 << 20 };

/// What the sections of a file share.
pub(super) struct File {
    /// Its number among the files of the source.
    pub(super) number: usize,
    pub(super) path: PathBuf,
    pub(super) footer: Footer,
    /// The columns to read, in order.
    pub(super) schema: SchemaRef,
    pub(super) limits: Limits,
}

impl File {
    /// The sections of a row group; `first_row` is the number of its first row within the file.
    pub(super) fn sections(
        self: &Arc<Self>,
        group: usize,
        first_row: u64,
    ) -> impl Iterator<Item = Section> + use<> {
        let file = Arc::clone(self);
        let stored = self.footer.metadata.row_group(group);
        let rows = stored.num_rows().max(0) as u64;
        let each = (SECTION_BYTES / self.bytes_per_row(stored)).max(1) as u64;
        (0..rows.div_ceil(each)).map(move |i| {
            let rows = i * each..((i + 1) * each).min(rows);
            let state = State::Closed { file: Arc::clone(&file), group, rows: rows.clone() };
            Section { file: file.number, first_row: first_row + rows.start, state: Mutex::new(state) }
        })
    }

    /// The indices of the columns to read within the file; the columns that it lacks are left out.
    fn roots(&self) -> Vec<usize> {
        let index = |name: &String| self.footer.schema.index_of(name).ok();
        self.schema.fields().iter().filter_map(|field| index(field.name())).collect()
    }

    /// Uncompressed bytes of a row in the columns to read, at least one.
    fn bytes_per_row(&self, group: &RowGroupMetaData) -> usize {
        let schema = self.footer.metadata.file_metadata().schema_descr();
        let roots = self.roots();
        let columns = group.columns().iter().enumerate();
        let wanted = columns.filter(|(i, _)| roots.contains(&schema.get_column_root_idx(*i)));
        let bytes: i64 = wanted.map(|(_, c)| c.uncompressed_size().max(0)).fold(0, i64::saturating_add);
        usize::try_from(bytes / group.num_rows().max(1)).unwrap_or(usize::MAX).max(1)
    }
}

/// Rows of a row group.
pub(super) struct Section {
    /// The number of the file, and that of the first row within it.
    pub(super) file: usize,
    pub(super) first_row: u64,
    state: Mutex<State>,
}

/// How far the rows are decoded.
enum State {
    Closed {
        file: Arc<File>,
        group: usize,
        rows: Range<u64>,
    },
    Open {
        reader: Box<Reader>,
        decoded: VecDeque<RecordBatch>,
    },
    /// The reader has come to its end, or has failed.
    Ended {
        decoded: VecDeque<RecordBatch>,
        failed: Option<Error>,
    },
}

impl Section {
    /// No rows, but an error.
    pub(super) fn failed(number: usize, error: Error) -> Self {
        let state = State::Ended { decoded: VecDeque::new(), failed: Some(error) };
        Section { file: number, first_row: 0, state: Mutex::new(state) }
    }

    /// The next rows; none at the end.
    ///
    /// # Errors
    /// `corrupt_parquet`, `cannot_read`.
    pub(super) fn next(&self) -> Result<Option<RecordBatch>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match &mut *state {
                State::Ended { decoded, failed } => {
                    return match (decoded.pop_front(), failed.take()) {
                        (Some(rows), kept) => {
                            *failed = kept;
                            Ok(Some(rows))
                        }
                        (None, Some(e)) => Err(e),
                        (None, None) => Ok(None),
                    };
                }
                State::Open { decoded, .. } if !decoded.is_empty() => return Ok(decoded.pop_front()),
                _ => advance(&mut state),
            }
        }
    }

    /// Decodes further rows and keeps them for [`next`](Self::next); false if another thread does so, or all are
    /// decoded.
    pub(super) fn decode_ahead(&self) -> bool {
        let mut state: MutexGuard<'_, State> = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        if matches!(*state, State::Ended { .. }) {
            return false;
        }
        advance(&mut state);
        true
    }
}

/// Decodes the next rows, if there are any.
fn advance(state: &mut State) {
    let ended = |decoded, failed| State::Ended { decoded, failed };
    *state = match std::mem::replace(state, ended(VecDeque::new(), None)) {
        State::Closed { file, group, rows } => match Reader::new(file, group, rows) {
            Ok(reader) => State::Open { reader: Box::new(reader), decoded: VecDeque::new() },
            Err(e) => ended(VecDeque::new(), Some(e)),
        },
        State::Open { mut reader, mut decoded } => match reader.next() {
            Ok(Some(rows)) => {
                decoded.push_back(rows);
                State::Open { reader, decoded }
            }
            Ok(None) => ended(decoded, None),
            Err(e) => ended(decoded, Some(e)),
        },
        state @ State::Ended { .. } => state,
    };
}

/// Reads the rows of a section.
struct Reader {
    file: Arc<File>,
    chunks: Chunks,
    reader: ParquetRecordBatchReader,
    /// The row group, how many of its rows are to be read, and how many were.
    group: usize,
    rows: u64,
    read: u64,
}

impl Reader {
    fn new(file: Arc<File>, group: usize, rows: Range<u64>) -> Result<Self> {
        let File { path, footer, limits, .. } = &*file;
        let batch_rows = limits.rows_of(file.bytes_per_row(footer.metadata.row_group(group)));
        let chunks = footer.chunks.separate();
        let reader = guard(path, &chunks.read_error(), || {
            let options = ArrowReaderOptions::new().with_schema(footer.stored.clone());
            let metadata = ArrowReaderMetadata::try_new(footer.metadata.clone(), options)?;
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(chunks.clone(), metadata);
            let mask = ProjectionMask::roots(builder.parquet_schema(), file.roots());
            let builder =
                builder.with_projection(mask).with_batch_size(batch_rows).with_row_groups(vec![group]);
            builder.with_offset(rows.start as usize).with_limit((rows.end - rows.start) as usize).build()
        })?;
        Ok(Reader { chunks, reader, group, rows: rows.end - rows.start, read: 0, file })
    }

    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let File { path, schema, .. } = &*self.file;
        match guard(path, &self.chunks.read_error(), || self.reader.next().transpose())? {
            Some(rows) => {
                self.read += rows.num_rows() as u64;
                conform_records(&rows, schema, |why| corrupt(path, why)).map(Some)
            }
            // The crate stops at the row count of the footer, even if a row group has other rows.
            None if self.read < self.rows => {
                let Reader { group, rows, read, .. } = self;
                Err(corrupt(path, &format!("row group {group}: of {rows} rows {read} could be read")))
            }
            None => Ok(None),
        }
    }
}
