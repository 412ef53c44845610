//! A JSON value by its text. Nothing is parsed before it is asked for, and nothing is copied that needs no decoding.

use std::borrow::Cow;

use super::error::JsonError;
use super::number::float64;
use super::scan::{scan, scan_array};
use super::string::decode as decode_string;
use super::value::{Kind, Value};

/// A JSON value: its kind and its JSON text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Json<'a> {
    pub(crate) kind: Kind,
    /// The JSON text.
    pub(crate) text: &'a str,
    escaped: bool,
}

impl<'a> Json<'a> {
    /// The value of a whole JSON text; none if it is not JSON, or nested too deeply.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        Json::try_parse(text).ok()
    }

    /// The value of a whole JSON text.
    ///
    /// # Errors
    /// It is not JSON, or nested too deeply.
    pub(crate) fn try_parse(text: &'a str) -> Result<Self, JsonError> {
        Ok(Json::of(text, scan(text.as_bytes(), |_, _| {})?))
    }

    fn of(text: &'a str, value: Value) -> Self {
        Json { kind: value.kind, text: &text[value.start..value.end], escaped: value.escaped }
    }

    /// The text of a string; none for another value, and for a string with a lone surrogate.
    pub(crate) fn string(self) -> Option<Cow<'a, str>> {
        if self.kind != Kind::String {
            return None;
        }
        let inner = &self.text[1..self.text.len() - 1];
        if !self.escaped {
            return Some(Cow::Borrowed(inner));
        }
        let mut decoded = Vec::new();
        decode_string(inner.as_bytes(), &mut decoded).ok()?;
        String::from_utf8(decoded).ok().map(Cow::Owned)
    }

    /// The number; none for another value.
    pub(crate) fn number(self) -> Option<f64> {
        match self.kind {
            Kind::Int | Kind::Float => float64(self.text.as_bytes()),
            _ => None,
        }
    }

    /// The elements of an array; none for another value.
    pub(crate) fn elements(self) -> Option<Vec<Json<'a>>> {
        if self.kind != Kind::Array {
            return None;
        }
        Json::elements_of(self.text)
    }

    /// The elements of a whole JSON text that is an array; none for another text.
    pub(crate) fn elements_of(text: &'a str) -> Option<Vec<Json<'a>>> {
        let mut elements = Vec::new();
        scan_array(text.as_bytes(), |value| elements.push(Json::of(text, value))).ok()?;
        Some(elements)
    }

    /// The members of an object in order, repeated keys included; none for another value. A key with a lone surrogate is
    /// as it is written.
    pub(crate) fn members(self) -> Option<Vec<(Cow<'a, str>, Json<'a>)>> {
        if self.kind != Kind::Object {
            return None;
        }
        let mut members = Vec::new();
        let scanned = scan(self.text.as_bytes(), |key, value| {
            let key = Json::of(self.text, key);
            let name = key.string().unwrap_or(Cow::Borrowed(key.text));
            members.push((name, Json::of(self.text, value)));
        });
        scanned.ok().map(|_| members)
    }

    /// The members of an object by these names; none for another value. A member that is null is absent. Of a repeated
    /// key the last value counts.
    pub(crate) fn fields<const N: usize>(self, names: [&str; N]) -> Option<[Option<Json<'a>>; N]> {
        if self.kind != Kind::Object {
            return None;
        }
        let mut found = [None; N];
        let scanned = scan(self.text.as_bytes(), |key, value| {
            let key = Json::of(self.text, key).string();
            if let Some(i) = key.and_then(|key| names.iter().position(|name| *name == key)) {
                found[i] = (value.kind != Kind::Null).then(|| Json::of(self.text, value));
            }
        });
        scanned.ok().map(|_| found)
    }

    /// The value in messages: its kind, and its beginning.
    pub(crate) fn describe(self) -> String {
        match self.kind {
            Kind::Null | Kind::Bool => self.text.to_string(),
            kind => format!("{} ({})", kind.name(), excerpt(self.text)),
        }
    }
}

/// The beginning of a text, on one line.
pub(crate) fn excerpt(text: &str) -> String {
    const SHOWN: usize = 40;
    let start: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if start.len() < text.len() { format!("{start}…") } else { start }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_members_and_elements_without_a_tree() {
        let object = Json::parse(r#" {"a":"x\n","b":[1,{"c":2}],"a":"last","n":null} "#).unwrap();
        let [a, b, n, missing] = object.fields(["a", "b", "n", "missing"]).unwrap();
        assert_eq!(a.unwrap().string().unwrap(), "last");
        assert!(n.is_none() && missing.is_none());
        let elements = b.unwrap().elements().unwrap();
        assert_eq!(elements.iter().map(|e| e.text).collect::<Vec<_>>(), ["1", r#"{"c":2}"#]);
        assert_eq!((elements[0].number(), elements[1].number()), (Some(1.0), None));
        assert!(object.elements().is_none() && elements[0].fields(["a"]).is_none());
    }

    #[test]
    fn a_key_may_be_written_with_escapes_and_a_lone_surrogate_is_no_text() {
        let object = Json::parse(r#"{"\u0061":"\ud800","b":"\u00e9"}"#).unwrap();
        let [a, b] = object.fields(["a", "b"]).unwrap();
        assert!(a.unwrap().string().is_none());
        assert_eq!(b.unwrap().string().unwrap(), "é");
    }

    #[test]
    fn nesting_beyond_the_limit_is_not_json() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(Json::parse(&nested(512)).is_some());
        assert!(Json::parse(&nested(100_000)).is_none());
    }
}
