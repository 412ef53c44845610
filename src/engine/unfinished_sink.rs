//! A sink that stays open at the end of a pass.

use std::sync::Arc;

use crate::error::Result;
use crate::flow::{MakeReady, Sink};

/// Passes batches to a sink, but does not finish it, so that more passes can follow.
pub(crate) struct UnfinishedSink<'s, S>(pub(crate) &'s mut S);

impl<S: Sink> Sink for UnfinishedSink<'_, S> {
    type Ready = S::Ready;

    fn ready_maker(&self) -> Arc<dyn MakeReady<S::Ready>> {
        self.0.ready_maker()
    }

    fn push(&mut self, ready: S::Ready) -> Result<()> {
        self.0.push(ready)
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}
