//! Kinds of bytes.

/// Whether a byte is an ASCII letter, a digit or `_`.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
