//! A sink that takes more rows after those of a pass.

use std::sync::Arc;

use crate::error::Result;
use crate::flow::{Prepare, Sink};

/// A sink that is not finished when the pass ends.
pub(crate) struct UnfinishedSink<'s, S>(pub(crate) &'s mut S);

impl<S: Sink> Sink for UnfinishedSink<'_, S> {
    type Ready = S::Ready;

    fn preparer(&self) -> Arc<dyn Prepare<S::Ready>> {
        self.0.preparer()
    }

    fn push(&mut self, ready: S::Ready) -> Result<()> {
        self.0.push(ready)
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}
