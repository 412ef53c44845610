//! The weight of each token of a row in the loss.

use super::rows::Row;
use crate::error::{Class, Error, Result};
use crate::record::schema::{IGNORE, LABELS, SEGMENT_KINDS, SEGMENT_LENGTHS};
use crate::record::segments::{LengthMismatch, Segments};

/// Writes the weights of a row's tokens: 1 for targets, `prompt` for context, 0 for all others, multiplied by the
/// weights of the segment and of the row. Without segments, a token has weight 1 if its label is trained.
///
/// # Errors
/// `Data`: columns of the row do not match. `Column`: the row has neither segments nor labels, or `prompt` is not 0
/// and it has no segments.
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
            return Err(Error::new(Class::Column, "missing_column", format!("a row has no column `{name}`"))
                .column(name)
                .help(
                    "transformers.Trainer removes such columns; fastprep.trainer.WeightedTrainer keeps them",
                ));
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
    let LengthMismatch { column, actual, expected, unit } = uneven;
    let message = format!("`{column}` of a row covers {actual} {unit}, the row has {expected}");
    Error::new(Class::Data, "uneven_row", message)
        .row(row.number)
        .column(column)
        .help("if you cut rows, cut their ids, labels and segments to the same tokens")
}
