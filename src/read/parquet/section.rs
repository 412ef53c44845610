//! Some rows of a row group in some columns, decoded one record batch at a time: by the source when it comes to them, or
//! ahead of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::chunks::Chunks;
use super::error::{corrupt, guard};
use super::file::{Extent, File};
use crate::error::{Error, Result};
use crate::read::typed_columns::conform_records;

/// Rows of a row group, in the columns of a lane.
pub(super) struct Section {
    /// The number of the file, and that of the first row within it.
    pub(super) file: usize,
    pub(super) first_row: u64,
    /// The index of the lane.
    pub(super) lane: usize,
    /// Uncompressed bytes, about.
    pub(super) bytes: usize,
    state: Mutex<State>,
}

/// How far the rows are decoded.
enum State {
    Closed {
        file: Arc<File>,
        extent: Extent,
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
    /// Some rows of a row group whose first row has the number `first_row` within the file.
    pub(super) fn new(file: &Arc<File>, extent: Extent, first_row: u64) -> Self {
        Section {
            file: file.number,
            first_row: first_row + extent.rows.start,
            lane: extent.lane,
            bytes: extent.bytes,
            state: Mutex::new(State::Closed { file: Arc::clone(file), extent }),
        }
    }

    /// No rows of the first lane, but an error.
    pub(super) fn failed(number: usize, error: Error) -> Self {
        let state = State::Ended { decoded: VecDeque::new(), failed: Some(error) };
        Section { file: number, first_row: 0, lane: 0, bytes: 0, state: Mutex::new(state) }
    }

    /// The next rows; none at the end. While another thread decodes them, calls `meanwhile`, until it returns false.
    ///
    /// # Errors
    /// `corrupt_parquet`, `cannot_read`.
    pub(super) fn next(&self, meanwhile: impl Fn() -> bool) -> Result<Option<RecordBatch>> {
        let mut state = loop {
            match self.try_lock() {
                Some(state) => break state,
                None if meanwhile() => {}
                None => break self.state.lock().unwrap_or_else(PoisonError::into_inner),
            }
        };
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
        let Some(mut state) = self.try_lock() else { return false };
        if matches!(*state, State::Ended { .. }) {
            return false;
        }
        advance(&mut state);
        true
    }

    /// The state, unless another thread holds it.
    fn try_lock(&self) -> Option<MutexGuard<'_, State>> {
        match self.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// Decodes the next rows, if there are any.
fn advance(state: &mut State) {
    let ended = |decoded, failed| State::Ended { decoded, failed };
    *state = match std::mem::replace(state, ended(VecDeque::new(), None)) {
        State::Closed { file, extent } => match Reader::new(file, extent) {
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
    extent: Extent,
    /// How many rows were read.
    read: u64,
}

impl Reader {
    fn new(file: Arc<File>, extent: Extent) -> Result<Self> {
        let chunks = file.footer.chunks.separate();
        let Extent { group, lane, ref rows, .. } = extent;
        let reader = guard(&file.path, &chunks.read_error(), || {
            let metadata = file.footer.reader_metadata.clone();
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(chunks.clone(), metadata);
            let mask = ProjectionMask::roots(builder.parquet_schema(), file.roots(lane));
            let builder = builder.with_projection(mask).with_batch_size(file.batch_rows(group));
            let builder = builder.with_row_groups(vec![group]);
            builder.with_offset(rows.start as usize).with_limit((rows.end - rows.start) as usize).build()
        })?;
        Ok(Reader { chunks, reader, extent, read: 0, file })
    }

    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let File { path, lanes, .. } = &*self.file;
        match guard(path, &self.chunks.read_error(), || self.reader.next().transpose())? {
            Some(rows) => {
                self.read += rows.num_rows() as u64;
                conform_records(&rows, &lanes[self.extent.lane], |why| corrupt(path, why)).map(Some)
            }
            // The crate stops at the row count of the footer, even if a row group has other rows.
            None if self.read < self.extent.rows.end - self.extent.rows.start => {
                let (Extent { group, rows, .. }, read) = (&self.extent, self.read);
                let rows = rows.end - rows.start;
                Err(corrupt(path, &format!("row group {group}: of {rows} rows {read} could be read")))
            }
            None => Ok(None),
        }
    }
}
