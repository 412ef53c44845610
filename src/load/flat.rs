//! Lays out the rows of a batch one after another, each as a document: transformers calls this padding-free.

use super::bytes::{labels, write_f32, write_i64};
use super::rows::Row;
use super::weights::{self, uneven};
use crate::error::Result;
use crate::record::schema::{IGNORE, SEQ_LENGTHS};
use crate::record::segments::covers;

/// Options of the flat layout.
#[derive(Debug, Clone, Copy)]
pub struct Flat {
    /// Weight of context tokens.
    pub prompt_loss_weight: f32,
    /// The id of padding tokens.
    pub pad_id: i32,
    /// The batch is padded to a multiple of this many tokens, 1 or more. The padding is a separate document.
    pub multiple: usize,
}

/// The rows of a batch and its size.
#[derive(Debug)]
pub struct FlatShape<'a> {
    rows: Vec<Row<'a>>,
    options: Flat,
    /// Number of tokens, padding included.
    pub(crate) tokens: usize,
    /// Number of tokens of each document; the padding is a document.
    pub(crate) documents: Vec<usize>,
}

impl Flat {
    /// A batch of these rows. Each document of a packed row is a document of the batch.
    ///
    /// # Errors
    /// `Data`: the documents of a row do not cover exactly its tokens.
    pub fn shape(self, rows: Vec<Row<'_>>) -> Result<FlatShape<'_>> {
        let mut documents = Vec::with_capacity(rows.len() + 1);
        for row in &rows {
            let Some(lengths) = row.seq_lengths else {
                documents.push(row.ids.len());
                continue;
            };
            covers(SEQ_LENGTHS, lengths, row.ids.len()).map_err(|e| uneven(row, e))?;
            documents.extend(lengths.iter().map(|n| *n as usize));
        }
        documents.retain(|length| *length > 0);
        let tokens: usize = documents.iter().sum();
        let padded = tokens.next_multiple_of(self.multiple);
        if padded > tokens {
            documents.push(padded - tokens);
        }
        Ok(FlatShape { rows, options: self, tokens: padded, documents })
    }
}

impl FlatShape<'_> {
    /// The number of bytes that [`fill`](Self::fill) writes.
    pub fn bytes(&self) -> usize {
        self.tokens * (3 * 8 + 4) + (self.documents.len() + 1) * 4
    }

    /// Writes to `out`, which must hold zeros, one after another: ids, positions and labels as i64, then weights as
    /// f32, one value for each token; then the start of each document and the end of the last, as i32.
    ///
    /// The first token of a document is not predicted: its label is −100 and its weight 0.
    ///
    /// # Errors
    /// `Data` or `Column`: columns of a row do not match.
    pub fn fill(&self, out: &mut [u8]) -> Result<()> {
        let Flat { prompt_loss_weight, pad_id, .. } = self.options;
        let (ids, rest) = out.split_at_mut(self.tokens * 8);
        let (positions, rest) = rest.split_at_mut(self.tokens * 8);
        let (label, rest) = rest.split_at_mut(self.tokens * 8);
        let (weight, bounds) = rest.split_at_mut(self.tokens * 4);
        let mut weights = Vec::new();
        let mut start = 0;
        for row in &self.rows {
            weights.clear();
            weights.resize(row.ids.len(), 0.0);
            weights::fill(row, prompt_loss_weight, &mut weights)?;
            let end = start + row.ids.len();
            write_i64(&mut ids[start * 8..end * 8], row.ids.iter().map(|id| i64::from(*id)));
            write_i64(&mut label[start * 8..end * 8], labels(row.ids, &weights));
            write_f32(&mut weight[start * 4..end * 4], &weights);
            start = end;
        }
        write_i64(&mut ids[start * 8..], std::iter::repeat(i64::from(pad_id)));
        write_i64(&mut label[start * 8..], std::iter::repeat(i64::from(IGNORE)));
        let mut start = 0;
        for (document, bound) in self.documents.iter().zip(bounds[4..].as_chunks_mut::<4>().0) {
            let end = start + document;
            write_i64(&mut positions[start * 8..end * 8], 0..);
            write_i64(&mut label[start * 8..end * 8], std::iter::once(i64::from(IGNORE)));
            weight[start * 4..start * 4 + 4].fill(0);
            *bound = (end as u32).to_ne_bytes();
            start = end;
        }
        Ok(())
    }
}
