//! Compares the scanner with serde_json on one text.

use fastprep::json::{Kind, Value, Why, decode_string, exact_float64, float64, int64, scan};
use fastprep::limits::MAX_JSON_DEPTH;

use super::oracle;

/// The result of the scanner: the value, and the members of an object.
fn scanned(text: &str) -> Result<(Value, Vec<(Value, Value)>), (usize, Why)> {
    let mut members = Vec::new();
    let value = scan(text.as_bytes(), |key, value| members.push((key, value)));
    value.map(|value| (value, members)).map_err(|e| (e.offset, e.why))
}

/// Whether a text is JSON for the scanner; `None` if it is nested too deep.
pub fn is_json(text: &str) -> Option<bool> {
    match scanned(text) {
        Ok(_) => Some(true),
        Err((_, Why::Depth)) => None,
        Err(_) => Some(false),
    }
}

/// Checks that a text is JSON for both or for neither, with the same members in the same order.
///
/// By design:
/// - The scanner refuses nesting deeper than [`MAX_JSON_DEPTH`]: a program that reads the rows may recurse.
///   serde_json has no limit where it skips values, and a limit of 128 where it builds them.
/// - A lone surrogate is valid JSON (RFC 8259, section 8.2); decoding its string fails. serde_json agrees, since it
///   skips values by their syntax.
pub fn check(text: &str) {
    match scanned(text) {
        Ok((value, members)) => {
            assert!(oracle::is_json(text), "{text:?}");
            assert!(oracle::depth(text) <= MAX_JSON_DEPTH, "{text:?}");
            self::value(value, text, text.trim_ascii());
            let expected = oracle::members(text);
            assert_eq!(expected.is_some(), value.kind == Kind::Object, "{text:?}");
            let expected = expected.unwrap_or_default();
            assert_eq!(members.len(), expected.len(), "{text:?}");
            for ((key, value), (key_text, value_text)) in members.into_iter().zip(expected) {
                self::value(key, text, key_text);
                self::value(value, text, value_text);
            }
        }
        Err((offset, why)) => {
            // The text before the offset is valid.
            let before = scanned(&text[..offset]);
            let valid_before = before == Err((offset, Why::End)) || (why == Why::Trailing && before.is_ok());
            assert!(valid_before, "{text:?}: {why:?} at {offset}, but {before:?}");
            match why {
                Why::Depth => assert!(oracle::depth(text) > MAX_JSON_DEPTH, "{text:?}"),
                _ => assert!(!oracle::is_json(text), "{text:?}"),
            }
        }
    }
}

/// Checks that a value equals what serde_json parses from its text.
fn value(value: Value, text: &str, expected: &str) {
    let raw = value.raw(text.as_bytes());
    assert_eq!(raw, expected.as_bytes(), "{text:?}");
    let whole = expected.bytes().all(|b| b == b'-' || b.is_ascii_digit());
    let kind = match expected.as_bytes()[0] {
        b'n' => Kind::Null,
        b't' | b'f' => Kind::Bool,
        b'"' => Kind::String,
        b'[' => Kind::Array,
        b'{' => Kind::Object,
        _ if whole => Kind::Int,
        _ => Kind::Float,
    };
    assert_eq!(value.kind, kind, "{text:?}");
    assert_eq!(value.escaped, kind == Kind::String && expected.contains('\\'), "{text:?}");
    match kind {
        Kind::String => string(value.inner(text.as_bytes()), expected),
        Kind::Int | Kind::Float => {
            let bits = |value: Option<f64>| value.map(f64::to_bits);
            assert_eq!(bits(float64(raw)), bits(oracle::float64(expected)), "{expected}");
            assert_eq!(bits(exact_float64(raw)), bits(oracle::exact_float64(expected)), "{expected}");
            assert_eq!(int64(raw), oracle::int64(expected), "{expected}");
        }
        _ => {}
    }
}

/// Checks that a string is decoded to the same bytes, or has a lone surrogate for both.
fn string(inner: &[u8], expected: &str) {
    let mut out = b"before".to_vec();
    match (decode_string(inner, &mut out), oracle::string(expected)) {
        (Ok(()), Some(text)) => {
            assert_eq!(out, ["before", text.as_str()].concat().into_bytes(), "{expected}")
        }
        (Err(at), None) => {
            let escape = inner[at..at + 4].to_ascii_lowercase();
            assert!(
                matches!(&escape[..], [b'\\', b'u', b'd', b'8'..=b'9' | b'a'..=b'f']),
                "{expected} at {at}"
            );
            assert!(decode_string(&inner[..at], &mut Vec::new()).is_ok(), "{expected} at {at}");
        }
        (ours, theirs) => panic!("{expected}: {ours:?}, {theirs:?}"),
    }
}
