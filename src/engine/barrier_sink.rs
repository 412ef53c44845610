//! The sink of a pass that ends in a barrier.

use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::error::Result;
use crate::flow::{Barrier, BarrierRows, Prepare, Sink};
use crate::record::{Batch, Places};

/// Gives the rows to a barrier, and the rejects and duplicates from before it to the sink of the run.
pub(crate) struct BarrierSink<'s, S: Sink> {
    pub(crate) sink: &'s mut S,
    pub(crate) barrier: Box<dyn Barrier>,
    /// The number of rows that the barrier has.
    pub rows: u64,
    /// An empty batch with the columns that reach the sink.
    pub(crate) empty: RecordBatch,
}

/// A batch that is prepared for the barrier.
pub(crate) struct BarrierInput<R> {
    rows: BarrierRows,
    /// A batch without rows, with the rejects and duplicates, for the sink.
    removed: R,
}

struct PrepareInput<R> {
    barrier: Arc<dyn Prepare<BarrierRows>>,
    sink: Arc<dyn Prepare<R>>,
    empty: RecordBatch,
}

impl<R> Prepare<BarrierInput<R>> for PrepareInput<R> {
    fn prepare(&self, mut batch: Batch) -> Result<BarrierInput<R>> {
        let (rejects, duplicates) =
            (std::mem::take(&mut batch.rejects), std::mem::take(&mut batch.duplicates));
        let places = Places::numbered(batch.places.file, 0, 0);
        let removed = Batch { seq: batch.seq, records: self.empty.clone(), places, rejects, duplicates };
        let removed = self.sink.prepare(removed)?;
        Ok(BarrierInput { rows: self.barrier.prepare(batch)?, removed })
    }
}

impl<S: Sink> Sink for BarrierSink<'_, S>
where
    S::Ready: 'static,
{
    type Ready = BarrierInput<S::Ready>;

    fn preparer(&self) -> Arc<dyn Prepare<Self::Ready>> {
        Arc::new(PrepareInput {
            barrier: self.barrier.preparer(),
            sink: self.sink.preparer(),
            empty: self.empty.clone(),
        })
    }

    fn push(&mut self, ready: Self::Ready) -> Result<()> {
        self.rows += ready.rows.ranks.len() as u64;
        self.barrier.push(ready.rows)?;
        self.sink.push(ready.removed)
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}
