//! The parts of a job that the engine runs: a scan, stages and a sink. A stage is a *map* (any worker, any order),
//! *ordered* (one batch at a time, in input order, cheap) or a *barrier* (reads all rows before it returns the first
//! one).

mod barrier;
mod chunk;
mod edit;
mod find_texts;
mod make_ready;
mod scan;
mod sink;
mod stage;
mod totals;

pub(crate) use barrier::{Barrier, BarrierOutput, BarrierRows};
pub use chunk::{Chunk, Undecoded};
pub(crate) use edit::Edit;
pub(crate) use find_texts::FindTexts;
pub use make_ready::MakeReady;
pub use scan::{Ahead, Cut, Decode, PairedScan, Piece, Scan};
pub use sink::Sink;
pub use stage::{Map, Ordered, RemovedRows};
pub(crate) use totals::Totals;
