//! One text through the scanner.

use fastprep::limits::MAX_JSON_DEPTH;
use fastprep::read::json::{Kind, Value, Why, decode_string, exact_float64, float64, int64, scan};

use super::oracle;

/// What the scanner finds: the value, and the members of an object.
fn scanned(text: &str) -> Result<(Value, Vec<(Value, Value)>), (usize, Why)> {
    let mut members = Vec::new();
    let value = scan(text.as_bytes(), |key, value| members.push((key, value)));
    value.map(|value| (value, members)).map_err(|e| (e.offset, e.why))
}

/// Whether the scanner takes it for JSON, at any depth that it allows.
pub fn is_json(text: &str) -> Option<bool> {
    match scanned(text) {
        Ok(_) => Some(true),
        Err((_, Why::Depth)) => None,
        Err(_) => Some(false),
    }
}

/// A text is JSON for both or for none, and has the same members in the same order.
///
/// By design:
/// - What is nested deeper than [`MAX_JSON_DEPTH`] is refused: a program that reads the rows may recurse.
///   serde_json has no limit where it skips values, and one of 128 where it makes them.
/// - A lone surrogate is JSON by its form (RFC 8259, section 8.2) and fails where its string is decoded. serde_json does
///   the same, since it skips values by their form.
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
            // The text was right up to there.
            let before = scanned(&text[..offset]);
            let was_right = before == Err((offset, Why::End)) || (why == Why::Trailing && before.is_ok());
            assert!(was_right, "{text:?}: {why:?} at {offset}, but {before:?}");
            match why {
                Why::Depth => assert!(oracle::depth(text) > MAX_JSON_DEPTH, "{text:?}"),
                _ => assert!(!oracle::is_json(text), "{text:?}"),
            }
        }
    }
}

/// A value is what serde_json makes of its text.
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

/// A string is decoded to the same bytes, or has a lone surrogate for both.
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
