//! Lays out published rows as batches for training.
//!
//! Values are copied from mapped Arrow arrays directly into the buffers of a batch.

mod bytes;
mod flat;
mod padded;
pub mod rows;
mod weights;

pub use flat::{Flat, FlatShape};
pub use padded::{Padded, PaddedShape};
pub use rows::{FILLER, Row, TokenRows};
