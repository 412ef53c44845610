//! The error for a line that is not JSON.

use std::fmt;

use crate::limits::MAX_JSON_DEPTH;

/// Why a line is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// This character is not allowed here.
    Unexpected(char),
    /// The line ends too early.
    End,
    /// A control character in a string.
    Control,
    /// A backslash that does not begin an escape.
    Escape,
    /// Text after the value.
    Trailing,
    /// Nested deeper than [`MAX_JSON_DEPTH`].
    Depth,
    /// `NaN` or `Infinity`, which Python's `json` module writes.
    NotANumber,
}

/// The error for a line that is not JSON: the first position at which it fails, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonError {
    /// Byte offset in the line.
    pub offset: usize,
    /// The reason.
    pub why: Why,
}

impl JsonError {
    /// An error at this offset, or at the end of the line if that is before it.
    #[cold]
    pub(crate) fn new(line: &[u8], offset: usize, why: Why) -> Self {
        JsonError { offset: offset.min(line.len()), why }
    }

    /// The message for a text that is a whole `unit`: a line, an element.
    pub(crate) fn within(&self, unit: &str) -> String {
        match self.why {
            Why::End => format!("the {unit} ends too early at byte {} of the {unit}", self.offset),
            _ => format!("{self} of the {unit}"),
        }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::Unexpected(c) => write!(f, "unexpected `{}`", c.escape_debug()),
            Why::End => write!(f, "the text ends too early"),
            Why::Control => write!(f, "control character in string"),
            Why::Escape => write!(f, "not an escape"),
            Why::Trailing => write!(f, "trailing text after the value"),
            Why::Depth => write!(f, "nested deeper than {MAX_JSON_DEPTH}"),
            Why::NotANumber => write!(f, "NaN and Infinity are not JSON: write null"),
        }?;
        write!(f, " at byte {}", self.offset)
    }
}
