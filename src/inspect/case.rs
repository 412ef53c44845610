//! Counts of letters by their case.

/// The ASCII letters of a text: upper case, lower case.
pub(crate) fn letters(text: &str) -> (usize, usize) {
    let upper = text.bytes().filter(|byte| byte.is_ascii_uppercase()).count();
    let lower = text.bytes().filter(|byte| byte.is_ascii_lowercase()).count();
    (upper, lower)
}
