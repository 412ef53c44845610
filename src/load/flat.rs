//! Rows end to end in one line, each a document of its own: what transformers calls padding-free.

use super::rows::Row;
use super::weights::{self, uneven};
use super::{labels, put_f32, put_i64};
use crate::error::Result;
use crate::record::schema::{IGNORE, SEQ_LENGTHS};
use crate::record::segments::covers;

/// How rows are laid out.
#[derive(Debug, Clone, Copy)]
pub struct Flat {
    /// Weight of context tokens.
    pub prompt_loss_weight: f32,
    /// The id of padding.
    pub pad_id: i32,
    /// The line is a multiple of this many tokens, 1 or more; padding is a document of its own.
    pub multiple: usize,
}

/// A batch that is to be laid out.
#[derive(Debug)]
pub struct FlatShape<'a> {
    rows: Vec<Row<'a>>,
    options: Flat,
    /// Tokens in all, padding included.
    pub(crate) tokens: usize,
    /// Tokens of each document, that of the padding included.
    pub(crate) documents: Vec<usize>,
}

impl Flat {
    /// The batch of these rows. A packed row is as many documents as were packed.
    ///
    /// # Errors
    /// `Data`, where the documents of a row are not all of its tokens.
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
    /// Bytes that [`fill`](Self::fill) writes.
    pub fn bytes(&self) -> usize {
        self.tokens * (3 * 8 + 4) + (self.documents.len() + 1) * 4
    }

    /// Writes one after another: ids, positions and labels as i64, weights as f32, a value for each token; then
    /// where documents begin and the last ends, as i32. `out` holds zeros.
    ///
    /// The first token of a document follows nothing: its label is −100 and its weight 0.
    ///
    /// # Errors
    /// `Data` or `Column`, where columns of a row do not belong together.
    pub fn fill(&self, out: &mut [u8]) -> Result<()> {
        let Flat { prompt_loss_weight, pad_id, .. } = self.options;
        let (ids, rest) = out.split_at_mut(self.tokens * 8);
        let (positions, rest) = rest.split_at_mut(self.tokens * 8);
        let (label, rest) = rest.split_at_mut(self.tokens * 8);
        let (weight, borders) = rest.split_at_mut(self.tokens * 4);
        let mut weights = Vec::new();
        let mut start = 0;
        for row in &self.rows {
            weights.clear();
            weights.resize(row.ids.len(), 0.0);
            weights::fill(row, prompt_loss_weight, &mut weights)?;
            let end = start + row.ids.len();
            put_i64(&mut ids[start * 8..end * 8], row.ids.iter().map(|id| i64::from(*id)));
            put_i64(&mut label[start * 8..end * 8], labels(row.ids, &weights));
            put_f32(&mut weight[start * 4..end * 4], &weights);
            start = end;
        }
        put_i64(&mut ids[start * 8..], std::iter::repeat(i64::from(pad_id)));
        put_i64(&mut label[start * 8..], std::iter::repeat(i64::from(IGNORE)));
        let mut start = 0;
        for (document, border) in self.documents.iter().zip(borders[4..].as_chunks_mut::<4>().0) {
            let end = start + document;
            put_i64(&mut positions[start * 8..end * 8], 0..);
            put_i64(&mut label[start * 8..end * 8], std::iter::once(i64::from(IGNORE)));
            weight[start * 4..start * 4 + 4].fill(0);
            *border = (end as u32).to_ne_bytes();
            start = end;
        }
        Ok(())
    }
}
