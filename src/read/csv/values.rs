//! The values of numbers and booleans in CSV. White space around them does not count.

use crate::json;

/// An integer of 64 bits.
pub(super) fn int64(raw: &[u8]) -> Option<i64> {
    json::int64(raw.trim_ascii())
}

/// A finite number that a float holds exactly, if it is a whole number; other numbers are rounded.
pub(super) fn float64(raw: &[u8]) -> Option<f64> {
    let raw = raw.trim_ascii();
    json::exact_float64(raw.strip_prefix(b"+").unwrap_or(raw))
}

/// `true` or `false` in any case.
pub(super) fn boolean(raw: &[u8]) -> Option<bool> {
    let raw = raw.trim_ascii();
    match (raw.eq_ignore_ascii_case(b"true"), raw.eq_ignore_ascii_case(b"false")) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}
