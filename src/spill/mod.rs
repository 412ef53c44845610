//! Rows put in the order of their ranks, in bounded memory: [`Buckets`] hold them or write them to disk,
//! [`RankedSource`] returns them in order.

mod buckets;
mod ranked_source;

pub use buckets::Spill;
pub(crate) use buckets::{Buckets, Spilled};
pub(crate) use ranked_source::{Picked, RankedSource};
