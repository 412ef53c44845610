//! The sink of a pass that ends in a barrier.

use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::error::Result;
use crate::flow::{Barrier, BarrierRows, MakeReady, Sink};
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

/// A batch that is ready for the barrier.
pub(crate) struct BarrierInput<R> {
    rows: BarrierRows,
    /// A batch without rows, with the rejects and duplicates, for the sink.
    removed: R,
}

struct MakeInput<R> {
    barrier: Arc<dyn MakeReady<BarrierRows>>,
    sink: Arc<dyn MakeReady<R>>,
    empty: RecordBatch,
}

impl<R> MakeReady<BarrierInput<R>> for MakeInput<R> {
    fn make_ready(&self, mut batch: Batch) -> Result<BarrierInput<R>> {
        let (rejects, duplicates) =
            (std::mem::take(&mut batch.rejects), std::mem::take(&mut batch.duplicates));
        let places = Places::numbered(batch.places.file, 0, 0);
        let removed = Batch { seq: batch.seq, records: self.empty.clone(), places, rejects, duplicates };
        let removed = self.sink.make_ready(removed)?;
        Ok(BarrierInput { rows: self.barrier.make_ready(batch)?, removed })
    }
}

impl<S: Sink> Sink for BarrierSink<'_, S>
where
    S::Ready: 'static,
{
    type Ready = BarrierInput<S::Ready>;

    fn ready_maker(&self) -> Arc<dyn MakeReady<Self::Ready>> {
        Arc::new(MakeInput {
            barrier: self.barrier.ready_maker(),
            sink: self.sink.ready_maker(),
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
