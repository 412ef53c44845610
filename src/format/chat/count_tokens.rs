//! Counts the tokens of rows before they are tokenized.

use crate::error::Result;
use crate::record::turns::Span;

/// Counts the tokens of rows.
pub(crate) trait CountTokens: Send + Sync {
    /// The tokens of a row, with all that is put around it; `plain` are the control tokens that are plain text, in bytes.
    ///
    /// # Errors
    /// Those of the tokenizer.
    fn tokens(&self, text: &str, spans: &[Span], plain: &[(u32, u32)]) -> Result<usize>;
}

/// The limit of rows.
pub(crate) struct Fit {
    pub(crate) counter: Box<dyn CountTokens>,
    pub(crate) max_length: usize,
}
