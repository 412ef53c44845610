//! Temporary files, and rows put in the order of their ranks in bounded memory: [`Buckets`] hold them or write them to
//! disk, [`RankedSource`] returns them in order.

mod buckets;
mod in_order;
mod ranked_source;
mod temporary_file;

pub(crate) use buckets::Buckets;
pub use buckets::Spill;
pub(crate) use in_order::InOrder;
pub(crate) use ranked_source::{Picked, RankedSource};
pub(crate) use temporary_file::TemporaryFile;
