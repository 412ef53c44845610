//! The strings and numbers of a JSON text.

use std::ops::Range;

use crate::json::{Json, Kind};

/// A string or a number of a JSON text.
pub(super) struct Token {
    /// Its bytes in the JSON text, with the quotes.
    pub(super) source: Range<usize>,
    /// Its bytes in the shown text, without quotes.
    pub(super) shown: Range<usize>,
}

/// A JSON object or array as a text without escapes, and its strings and numbers; none if the text is neither, or if a
/// string has a lone surrogate.
pub(super) fn tokens(text: &str) -> Option<(String, Vec<Token>)> {
    let may_be_json = text.trim_start().starts_with(['{', '[']);
    let json = may_be_json.then(|| Json::parse(text)).flatten()?;
    if !matches!(json.kind, Kind::Object | Kind::Array) {
        return None;
    }
    let bytes = text.as_bytes();
    let (mut shown, mut tokens) = (String::with_capacity(text.len()), Vec::new());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let end = match byte {
            b'"' => string_end(bytes, at),
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
                at + bytes[at..].iter().take_while(|byte| is_part(byte)).count()
            }
            _ => {
                shown.push(char::from(*byte));
                at += 1;
                continue;
            }
        };
        let token = Json::parse(&text[at..end])?;
        shown.push_str(if *byte == b'"' { "\"" } else { "" });
        let start = shown.len();
        match token.kind {
            Kind::String => shown.push_str(&token.string()?),
            _ => shown.push_str(token.text),
        }
        tokens.push(Token { source: at..end, shown: start..shown.len() });
        shown.push_str(if *byte == b'"' { "\"" } else { "" });
        at = end;
    }
    Some((shown, tokens))
}

/// The end of the string whose first quote is at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        if bytes[at + found] == b'"' {
            return at + found + 1;
        }
        at += found + 2;
    }
    bytes.len()
}
