//! Published rows on their way to a trainer: which row comes next, and rows as batches.
//!
//! Everything is cut from mapped Arrow arrays straight into the buffers of a batch.

mod flat;
mod padded;
pub mod rows;
mod weights;

pub use flat::{Flat, FlatShape};
pub use padded::{Padded, PaddedShape};
pub use rows::{FILLER, Row, TokenRows};

use crate::record::schema::IGNORE;

/// The label of each token: its id where it weighs something.
fn labels<'a>(ids: &'a [i32], weights: &'a [f32]) -> impl Iterator<Item = i64> + 'a {
    ids.iter().zip(weights).map(|(id, weight)| i64::from(if *weight > 0.0 { *id } else { IGNORE }))
}

/// Values as native i64 until either side ends.
fn put_i64(out: &mut [u8], values: impl IntoIterator<Item = i64>) {
    for (out, value) in out.as_chunks_mut::<8>().0.iter_mut().zip(values) {
        *out = value.to_ne_bytes();
    }
}

/// Values as native f32.
fn put_f32(out: &mut [u8], values: &[f32]) {
    for (out, value) in out.as_chunks_mut::<4>().0.iter_mut().zip(values) {
        *out = value.to_ne_bytes();
    }
}
