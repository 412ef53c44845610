//! The way into a barrier: a sink of its own before the sink of the run.

use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::error::Result;
use crate::flow::{Barrier, Entering, Prepare, Sink};
use crate::record::{Batch, Places};

/// The way into a barrier: it takes the rows, and what was taken out of them before goes to the sink at once.
pub(crate) struct BarrierSink<'s, S: Sink> {
    pub(crate) sink: &'s mut S,
    pub(crate) barrier: Box<dyn Barrier>,
    /// The rows that it has taken.
    pub rows: u64,
    /// No rows, as they reach the sink.
    pub(crate) nothing: RecordBatch,
}

/// A batch on its way into a barrier.
pub(crate) struct Apart<R> {
    rows: Entering,
    /// A batch without rows, for the sink.
    taken_out: R,
}

struct PrepareApart<R> {
    barrier: Arc<dyn Prepare<Entering>>,
    sink: Arc<dyn Prepare<R>>,
    nothing: RecordBatch,
}

impl<R> Prepare<Apart<R>> for PrepareApart<R> {
    fn prepare(&self, mut batch: Batch) -> Result<Apart<R>> {
        let (rejects, duplicates) =
            (std::mem::take(&mut batch.rejects), std::mem::take(&mut batch.duplicates));
        let places = Places::numbered(batch.places.file, 0, 0);
        let taken_out = Batch { seq: batch.seq, records: self.nothing.clone(), places, rejects, duplicates };
        let taken_out = self.sink.prepare(taken_out)?;
        Ok(Apart { rows: self.barrier.prepare(batch)?, taken_out })
    }
}

impl<S: Sink> Sink for BarrierSink<'_, S>
where
    S::Ready: 'static,
{
    type Ready = Apart<S::Ready>;

    fn preparer(&self) -> Arc<dyn Prepare<Self::Ready>> {
        Arc::new(PrepareApart {
            barrier: self.barrier.preparer(),
            sink: self.sink.preparer(),
            nothing: self.nothing.clone(),
        })
    }

    fn push(&mut self, ready: Self::Ready) -> Result<()> {
        self.rows += ready.rows.ranks.len() as u64;
        self.barrier.push(ready.rows)?;
        self.sink.push(ready.taken_out)
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}
