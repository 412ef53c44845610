//! The first place where a line is not JSON.

use std::fmt;

use crate::limits::MAX_JSON_DEPTH;

/// Why a line is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// This character cannot stand here.
    Unexpected(char),
    /// The line ends too early.
    End,
    /// A control character in a string.
    Control,
    /// A backslash that begins no escape.
    Escape,
    /// More text after the value.
    Trailing,
    /// Nested deeper than [`MAX_JSON_DEPTH`].
    Depth,
    /// `NaN` or `Infinity`, as Python writes them.
    NotANumber,
}

/// The first place where a line is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonError {
    /// Byte offset in the line.
    pub offset: usize,
    /// What is wrong there.
    pub why: Why,
}

impl JsonError {
    /// At this offset, or at the end of the line where that comes first.
    #[cold]
    pub(crate) fn new(line: &[u8], offset: usize, why: Why) -> Self {
        JsonError { offset: offset.min(line.len()), why }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::Unexpected(c) => write!(f, "unexpected `{}`", c.escape_debug()),
            Why::End => write!(f, "the line ends too early"),
            Why::Control => write!(f, "control character in string"),
            Why::Escape => write!(f, "not an escape"),
            Why::Trailing => write!(f, "trailing text after the value"),
            Why::Depth => write!(f, "nested deeper than {MAX_JSON_DEPTH}"),
            Why::NotANumber => write!(f, "NaN and Infinity are not JSON: write null"),
        }?;
        write!(f, " at byte {} of the line", self.offset)
    }
}
