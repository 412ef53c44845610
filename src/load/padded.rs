//! Lays out the rows of a batch as a matrix, padded to the longest.

use super::bytes::{labels, write_f32, write_i64};
use super::rows::Row;
use super::weights;
use crate::error::{Class, Error, Result};
use crate::record::schema::IGNORE;

/// Options of the padded layout.
#[derive(Debug, Clone, Copy)]
pub struct Padded {
    /// Weight of context tokens.
    pub prompt_loss_weight: f32,
    /// The id of padding tokens.
    pub pad_id: i32,
    /// The width is padded to a multiple of this many tokens, 1 or more.
    pub multiple: usize,
    /// Whether padding comes before the row.
    pub left: bool,
}

/// The rows of a batch and its width.
#[derive(Debug)]
pub struct PaddedShape<'a> {
    rows: Vec<Row<'a>>,
    options: Padded,
    /// Number of tokens of a row, padding included.
    pub(crate) width: usize,
}

/// Bytes of a token in all planes: 8 each for id, mask and label, and 4 for the weight.
const TOKEN_BYTES: usize = 3 * 8 + 4;

impl Padded {
    /// A batch of these rows.
    ///
    /// # Errors
    /// `Plan`: a row is packed; its documents would attend to each other.
    pub fn shape(self, rows: Vec<Row<'_>>) -> Result<PaddedShape<'_>> {
        if rows.iter().any(|row| row.seq_lengths.is_some_and(|documents| documents.len() > 1)) {
            let message = "the rows are packed; in a padded batch their documents would attend to each other";
            return Err(Error::new(Class::Plan, "packed_rows", message)
                .help("use the flat layout: data.collator(layout=\"flat\")"));
        }
        let longest = rows.iter().map(|row| row.ids.len()).max().unwrap_or(0);
        Ok(PaddedShape { rows, options: self, width: longest.next_multiple_of(self.multiple) })
    }
}

impl PaddedShape<'_> {
    /// The number of rows.
    pub(crate) fn height(&self) -> usize {
        self.rows.len()
    }

    /// The number of bytes that [`fill`](Self::fill) writes.
    pub fn bytes(&self) -> usize {
        self.rows.len() * self.width * TOKEN_BYTES
    }

    /// Writes to `out`, which must hold zeros, four planes of rows × width values: ids, mask and labels as i64,
    /// weights as f32.
    ///
    /// The first token of a row is not predicted: its label is −100 and its weight 0. With padding before the row, a
    /// loss over shifted labels would else count it as predicted from padding.
    ///
    /// # Errors
    /// `Data` or `Column`: columns of a row do not match.
    pub fn fill(&self, out: &mut [u8]) -> Result<()> {
        let Padded { prompt_loss_weight, pad_id, left, .. } = self.options;
        let plane = self.rows.len() * self.width * 8;
        let (ids, rest) = out.split_at_mut(plane);
        let (mask, rest) = rest.split_at_mut(plane);
        let (label, weight) = rest.split_at_mut(plane);
        let mut weights = Vec::new();
        for (i, row) in self.rows.iter().enumerate() {
            weights.clear();
            weights.resize(row.ids.len(), 0.0);
            weights::fill(row, prompt_loss_weight, &mut weights)?;
            if let Some(first) = weights.first_mut() {
                *first = 0.0;
            }
            let (line, next) = (i * self.width, (i + 1) * self.width);
            let start = if left { next - row.ids.len() } else { line };
            let end = start + row.ids.len();
            let pads = if left { line * 8..start * 8 } else { end * 8..next * 8 };
            write_i64(&mut ids[start * 8..end * 8], row.ids.iter().map(|id| i64::from(*id)));
            write_i64(&mut ids[pads.clone()], std::iter::repeat(i64::from(pad_id)));
            write_i64(&mut mask[start * 8..end * 8], std::iter::repeat(1));
            write_i64(&mut label[start * 8..end * 8], labels(row.ids, &weights));
            write_i64(&mut label[pads], std::iter::repeat(i64::from(IGNORE)));
            write_f32(&mut weight[start * 4..end * 4], &weights);
        }
        Ok(())
    }
}
