//! A sink that passes the rows to another thread, batch by batch, as fast as that thread takes them.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use arrow::array::RecordBatch;

use super::collect::Visible;
use crate::error::{Error, Result};
use crate::flow::{MakeReady, Sink};
use crate::record::Batch;
use crate::report::StepCounts;

/// Some rows, and the rows that steps rejected among those before them.
pub(crate) struct StreamedBatch {
    /// The rows, with the columns that the user sees.
    pub(crate) records: RecordBatch,
    /// Only rejects are counted here.
    pub(crate) rejects: StepCounts,
}

/// Sends every batch that has rows or rejects. It waits while the channel is full.
pub(crate) struct BatchSender {
    streamed: Arc<Streamed>,
    batches: SyncSender<StreamedBatch>,
}

struct Streamed(Visible);

impl BatchSender {
    /// `split_names` are the splits in plan order, as for [`Collect`](super::Collect).
    pub(crate) fn new(split_names: Vec<String>, batches: SyncSender<StreamedBatch>) -> Self {
        BatchSender { streamed: Arc::new(Streamed(Visible::new(split_names))), batches }
    }
}

impl MakeReady<StreamedBatch> for Streamed {
    fn make_ready(&self, batch: Batch) -> Result<StreamedBatch> {
        let mut rejects = StepCounts::default();
        batch.rejects.iter().for_each(|reject| rejects.add_removed(reject.code, reject.place));
        Ok(StreamedBatch { records: self.0.make_ready(batch)?, rejects })
    }
}

impl Sink for BatchSender {
    type Ready = StreamedBatch;

    fn ready_maker(&self) -> Arc<dyn MakeReady<StreamedBatch>> {
        self.streamed.clone()
    }

    fn push(&mut self, batch: StreamedBatch) -> Result<()> {
        if batch.records.num_rows() == 0 && batch.rejects.removed.is_empty() {
            return Ok(());
        }
        // The receiver is gone when the caller wants no more rows.
        self.batches.send(batch).map_err(|_| Error::cancelled())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}
