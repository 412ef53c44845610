//! What the engine runs: a scan, stages, a sink. A stage is *map* (any worker, any order), *ordered* (one batch at a
//! time, in input order, cheap) or a *barrier* (takes all rows before it gives the first one).

mod barrier;
mod chunk;
mod prepare;
mod scan;
mod sink;
mod stage;
mod totals;

pub(crate) use barrier::{Barrier, Entering, Leaving};
pub use chunk::{Chunk, Undecoded};
pub use prepare::Prepare;
pub use scan::{Cut, Decode, PairedScan, Piece, Scan};
pub use sink::Sink;
pub use stage::{Map, Ordered, TakenOut};
pub(crate) use totals::Totals;
