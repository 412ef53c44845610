//! What each token of a row weighs in the loss.

use super::rows::Row;
use crate::error::{Class, Error, Result};
use crate::record::schema::{IGNORE, LABELS, SEGMENT_KINDS, SEGMENT_LENGTHS};
use crate::record::segments::{LengthMismatch, Segments};

/// Writes the weights of a row's tokens: a target has 1, context `prompt`, all else 0, times the factors of its
/// segment and of the row. Without segments a token weighs 1 where its label is trained.
///
/// # Errors
/// `Data`, where columns of the row do not belong together; `Column`, where there is neither, or prompts are to be
/// weighted and there are no segments.
pub(crate) fn fill(row: &Row<'_>, prompt: f32, out: &mut [f32]) -> Result<()> {
    match (row.segment_lengths, row.segment_kinds, row.labels) {
        (Some(lengths), Some(kinds), _) => by_segments(row, lengths, kinds, prompt, out)?,
        (None, None, Some(labels)) if prompt == 0.0 => {
            if labels.len() != out.len() {
                let actual = labels.len() as i64;
                return Err(uneven(
                    row,
                    LengthMismatch { column: LABELS, actual, expected: out.len(), unit: "tokens" },
                ));
            }
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
    let segments = Segments::new(lengths, kinds, row.segment_weights, out.len());
    segments.map_err(|e| uneven(row, e))?.weigh(prompt, out);
    Ok(())
}

#[cold]
pub(super) fn uneven(row: &Row<'_>, uneven: LengthMismatch) -> Error {
    let LengthMismatch { column, actual, expected, .. } = uneven;
    let message = format!("`{column}` covers {actual}, the row has {expected}");
    Error::new(Class::Data, "uneven_row", message)
        .row(row.number)
        .column(column)
        .help("cut a row's ids, labels and segments together")
}
