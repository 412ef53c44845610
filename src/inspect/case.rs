//! Counts of letters by their case.

/// The ASCII letters of a text: upper case, lower case.
pub(crate) fn letters(text: &str) -> (usize, usize) {
    let count = |is: fn(&u8) -> bool| text.as_bytes().iter().map(|byte| usize::from(is(byte))).sum();
    (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase))
}
