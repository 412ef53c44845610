//! What each token of a row weighs in the loss.

use super::rows::Row;
use crate::error::{Class, Error, Result};
use crate::record::schema::{
    CONTEXT, IGNORE, LABELS, SEGMENT_KINDS, SEGMENT_LENGTHS, SEGMENT_WEIGHTS, TARGET,
};

/// Writes the weights of a row's tokens: a target has 1, context `prompt`, all else 0, times the factors of its
/// segment and of the row. Without segments a token weighs 1 where its label is trained.
///
/// # Errors
/// `Data`, where columns of the row do not belong together; `Column`, where there is neither, or prompts are to be
/// weighted and there are no segments.
pub fn fill(row: &Row<'_>, prompt: f32, out: &mut [f32]) -> Result<()> {
    match (row.segment_lengths, row.segment_kinds, row.labels) {
        (Some(lengths), Some(kinds), _) => by_segments(row, lengths, kinds, prompt, out)?,
        (None, None, Some(labels)) if prompt == 0.0 => {
            same_length(row, LABELS, labels.len(), out.len())?;
            for (weight, label) in out.iter_mut().zip(labels) {
                *weight = if *label == IGNORE { 0.0 } else { 1.0 };
            }
        }
        (lengths, _, _) => {
            let name = if lengths.is_none() { SEGMENT_LENGTHS } else { SEGMENT_KINDS };
            return Err(Error::new(Class::Column, "missing_column", format!("a row has no `{name}`"))
                .column(name)
                .help("fastprep.trainer.WeightedTrainer keeps the columns that transformers.Trainer drops"));
        }
    }
    if let Some(factor) = row.weight {
        out.iter_mut().for_each(|weight| *weight *= factor as f32);
    }
    Ok(())
}

fn by_segments(row: &Row<'_>, lengths: &[i32], kinds: &[u8], prompt: f32, out: &mut [f32]) -> Result<()> {
    same_length(row, SEGMENT_KINDS, kinds.len(), lengths.len())?;
    if let Some(factors) = row.segment_weights {
        same_length(row, SEGMENT_WEIGHTS, factors.len(), lengths.len())?;
    }
    let covered = lengths.iter().map(|n| i64::from(*n)).sum::<i64>();
    if lengths.iter().any(|n| *n < 0) || covered != out.len() as i64 {
        return Err(uneven(row, SEGMENT_LENGTHS, covered, out.len()));
    }
    let mut at = 0;
    for (i, (&length, &kind)) in lengths.iter().zip(kinds).enumerate() {
        let weight = match kind {
            CONTEXT => prompt,
            TARGET => 1.0,
            _ => 0.0,
        };
        let factor = row.segment_weights.map_or(1.0, |factors| factors[i]);
        out[at..at + length as usize].fill(weight * factor);
        at += length as usize;
    }
    Ok(())
}

fn same_length(row: &Row<'_>, name: &str, found: usize, wanted: usize) -> Result<()> {
    if found == wanted { Ok(()) } else { Err(uneven(row, name, found as i64, wanted)) }
}

#[cold]
pub(super) fn uneven(row: &Row<'_>, name: &str, found: i64, wanted: usize) -> Error {
    let message = format!("`{name}` covers {found}, the row has {wanted}");
    Error::new(Class::Data, "uneven_row", message)
        .row(row.number)
        .column(name)
        .help("cut a row's ids, labels and segments together")
}
