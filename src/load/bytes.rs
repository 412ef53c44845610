//! Writes labels and numbers into the buffers of a batch.

use crate::record::schema::IGNORE;

/// The label of each token: its id if its weight is above 0, else −100.
pub(super) fn labels<'a>(ids: &'a [i32], weights: &'a [f32]) -> impl Iterator<Item = i64> + 'a {
    ids.iter().zip(weights).map(|(id, weight)| i64::from(if *weight > 0.0 { *id } else { IGNORE }))
}

/// Writes values as native i64, until the values or `out` end.
pub(super) fn write_i64(out: &mut [u8], values: impl IntoIterator<Item = i64>) {
    for (out, value) in out.as_chunks_mut::<8>().0.iter_mut().zip(values) {
        *out = value.to_ne_bytes();
    }
}

/// Writes values as native f32.
pub(super) fn write_f32(out: &mut [u8], values: &[f32]) {
    for (out, value) in out.as_chunks_mut::<4>().0.iter_mut().zip(values) {
        *out = value.to_ne_bytes();
    }
}
