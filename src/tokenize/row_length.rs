//! The number of tokens of a row, before it is tokenized.

use super::encode_row::{EncodedRow, RowEncoder};
use super::mark_ids::MarkIds;
use super::options::TokenizeOptions;
use super::text::RowText;
use crate::error::Result;
use crate::record::turns::Span;
use crate::tokenizer::LoadedTokenizer;

/// Counts the tokens of rows of turns.
pub(crate) struct RowLength {
    tokenizer: LoadedTokenizer,
    prefix: Vec<i32>,
    marks: MarkIds,
    options: TokenizeOptions,
}

impl RowLength {
    /// For rows that a step with these options tokenizes.
    ///
    /// # Errors
    /// `Tokenizer`, where it cannot encode the separator or the stop.
    pub(crate) fn new(tokenizer: &LoadedTokenizer, options: TokenizeOptions) -> Result<Self> {
        let prefix = if options.add_bos { tokenizer.prefix_ids.clone() } else { Vec::new() };
        let marks = MarkIds::new(tokenizer, &options)?;
        Ok(RowLength { tokenizer: tokenizer.clone(), prefix, marks, options })
    }

    /// The tokens of a row; `plain` are the control tokens that are plain text.
    ///
    /// # Errors
    /// Those of the tokenizer.
    pub(crate) fn of(&self, text: &str, spans: &[Span], plain: &[(u32, u32)]) -> Result<usize> {
        let rows = RowEncoder {
            prefix: &self.prefix,
            control: &self.tokenizer.control,
            marks: &self.marks,
            options: &self.options,
            tokenizer: &self.tokenizer,
        };
        let (mut ids, mut encoded) = (Vec::new(), EncodedRow::default());
        let mut session = self.tokenizer.encoder().session();
        rows.encode(&mut session, &RowText::of_turns(text, spans, plain)?, false, &mut ids, &mut encoded)?;
        Ok(encoded.row.len())
    }
}
