//! JSON as the values that a template sees.

use std::sync::Arc;

use indexmap::IndexMap;

use minijinja::value::Value;

use super::members::Members;
use super::number;
use crate::error::{Class, Error, Result};
use crate::json::{self, Kind};

/// Conversations that nest more deeply are refused.
const DEPTH: usize = 100;

/// A JSON value. Of a repeated key the last value counts, at the place of the first.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Data {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, by its JSON text.
    Number(Arc<str>),
    /// A text.
    Text(Arc<str>),
    /// An array.
    List(Vec<Data>),
    /// An object.
    Map(Vec<(Arc<str>, Data)>),
}

impl Data {
    /// Reads a JSON text.
    ///
    /// # Errors
    /// `bad_messages`: it is not JSON, nested too deeply, or holds a lone surrogate.
    pub fn parse(text: &str) -> Result<Data> {
        let array = format!("[{text}]");
        let mut parsed = Vec::new();
        elements(array.as_bytes(), DEPTH, &mut parsed)?;
        match <[Data; 1]>::try_from(parsed) {
            Ok([value]) => Ok(value),
            Err(_) => Err(bad("it is not one JSON value")),
        }
    }

    /// The member of an object; none if it is missing or null.
    pub fn get(&self, name: &str) -> Option<&Data> {
        let Data::Map(members) = self else { return None };
        members
            .iter()
            .find(|(key, _)| &**key == name)
            .map(|(_, value)| value)
            .filter(|value| **value != Data::Null)
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        if let Data::Text(text) = self { Some(text) } else { None }
    }

    /// The elements of a list; none for another value.
    pub fn list(&self) -> Option<&[Data]> {
        if let Data::List(items) = self { Some(items) } else { None }
    }

    /// The value for a template.
    pub(crate) fn value(&self) -> Value {
        match self {
            Data::Null => Value::from(()),
            Data::Bool(on) => Value::from(*on),
            Data::Number(text) if text.contains(['.', 'e', 'E']) => {
                number::float(text.parse().unwrap_or(0.0))
            }
            Data::Number(text) => number::integer(text),
            Data::Text(text) => Value::from(Arc::clone(text)),
            Data::List(items) => Value::from(items.iter().map(Data::value).collect::<Vec<_>>()),
            Data::Map(members) => {
                Members::value(members.iter().map(|(name, value)| (Arc::clone(name), value.value())))
            }
        }
    }
}

#[cold]
fn bad(why: &str) -> Error {
    Error::new(Class::Data, "bad_messages", format!("the conversation cannot be read: {why}"))
}

fn elements(array: &[u8], depth: usize, out: &mut Vec<Data>) -> Result<()> {
    let mut wrong = None;
    let scanned = json::scan_array(array, |value| match build(array, value, depth) {
        Ok(data) => out.push(data),
        Err(e) => wrong = Some(e),
    });
    scanned.map_err(|e| bad(&e.to_string()))?;
    wrong.map_or(Ok(()), Err)
}

fn build(line: &[u8], value: json::Value, depth: usize) -> Result<Data> {
    let raw = value.raw(line);
    Ok(match value.kind {
        Kind::Null => Data::Null,
        Kind::Bool => Data::Bool(raw == b"true"),
        Kind::Int | Kind::Float => Data::Number(String::from_utf8_lossy(raw).into()),
        Kind::String => Data::Text(string(line, value)?),
        Kind::Array | Kind::Object if depth == 0 => return Err(bad("it is nested too deeply")),
        Kind::Array => {
            let mut items = Vec::new();
            elements(raw, depth - 1, &mut items)?;
            Data::List(items)
        }
        Kind::Object => {
            // Of a repeated key the first place and the last value count.
            let mut members: IndexMap<Arc<str>, Data> = IndexMap::new();
            let mut wrong = None;
            let scanned = json::scan(raw, |key, value| {
                let member = string(raw, key).and_then(|key| Ok((key, build(raw, value, depth - 1)?)));
                match member {
                    Ok((key, data)) => {
                        members.insert(key, data);
                    }
                    Err(e) => wrong = Some(e),
                }
            });
            scanned.map_err(|e| bad(&e.to_string()))?;
            if let Some(e) = wrong {
                return Err(e);
            }
            Data::Map(members.into_iter().collect())
        }
    })
}

fn string(line: &[u8], value: json::Value) -> Result<Arc<str>> {
    let inner = value.inner(line);
    if !value.escaped {
        return Ok(String::from_utf8_lossy(inner).into());
    }
    let mut decoded = Vec::new();
    json::decode_string(inner, &mut decoded).map_err(|_| bad("a text holds a lone surrogate"))?;
    Ok(String::from_utf8_lossy(&decoded).into())
}

#[cfg(test)]
mod tests {
    use super::Data;

    #[test]
    fn reads_json_and_keeps_the_place_of_a_repeated_key() {
        let data = Data::parse(r#" {"a":1,"b":["\u00e9",null,-2.50,true],"a":"last"} "#).unwrap();
        let Data::Map(members) = &data else { panic!("{data:?}") };
        assert_eq!(members.iter().map(|(key, _)| &**key).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(data.get("a").unwrap().text(), Some("last"));
        let list = data.get("b").unwrap().list().unwrap();
        assert_eq!((list[0].text(), &list[1]), (Some("é"), &Data::Null));
        assert_eq!(data.value().to_string(), "{'a': 'last', 'b': ['é', None, -2.5, True]}");
    }

    #[test]
    fn refuses_what_is_not_one_json_value() {
        for text in [
            "",
            "1, 2",
            "1] [2",
            "{",
            "\"\\ud800\"",
            "NaN",
            &format!("{}{}", "[".repeat(102), "]".repeat(102)),
        ] {
            assert_eq!(Data::parse(text).unwrap_err().code(), "bad_messages", "{text:.20}");
        }
    }
}
