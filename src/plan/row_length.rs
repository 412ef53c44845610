//! The number of tokens of a row, as `format` asks for it.

use crate::error::Result;
use crate::format::CountTokens;
use crate::record::turns::Span;
use crate::tokenize::RowLength;

impl CountTokens for RowLength {
    fn tokens(&self, text: &str, spans: &[Span], plain: &[(u32, u32)]) -> Result<usize> {
        self.of(text, spans, plain)
    }
}
