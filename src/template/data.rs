//! JSON as the values that a template sees.

use std::collections::HashMap;
use std::sync::Arc;

use minijinja::value::Value;

use super::members::Members as Object;
use super::number;
use crate::error::{Class, Error, Result};
use crate::json::{self, Kind, Part};

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
        let mut tree = Tree { text, open: Vec::new(), done: None, short: Vec::new() };
        let mut wrong = None;
        let scanned = json::scan_parts(text.as_bytes(), |part| {
            if wrong.is_none() {
                wrong = tree.add(part).err();
            }
        });
        scanned.map_err(|e| bad(&e.to_string()))?;
        match (wrong, tree.done) {
            (Some(e), _) => Err(e),
            (None, done) => done.ok_or_else(|| bad("it is not one JSON value")),
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
                Object::value(members.iter().map(|(name, value)| (Arc::clone(name), value.value())))
            }
        }
    }
}

#[cold]
fn bad(why: &str) -> Error {
    Error::new(Class::Data, "bad_messages", format!("the conversation cannot be read: {why}"))
}

/// A value that is put together from the parts of its text.
struct Tree<'t> {
    text: &'t str,
    /// The objects and arrays that have not ended, the innermost last.
    open: Vec<Open>,
    done: Option<Data>,
    /// Some of the short texts so far, which repeat: names of members, and roles.
    short: Vec<Arc<str>>,
}

/// Items of most lists.
const FEW: usize = 16;

/// Texts up to so many bytes are short.
const SHORT: usize = 16;
/// So many of them are looked through.
const KEPT: usize = 8;

enum Open {
    List(Vec<Data>),
    /// The members of an object, and the place of the one whose value comes next.
    Map(Members, usize),
}

/// The members of an object, each name once.
struct Members {
    all: Vec<(Arc<str>, Data)>,
    /// Their places by name, kept for objects with many.
    places: HashMap<Arc<str>, usize>,
}

impl Members {
    /// Objects with fewer members are searched one by one.
    const MANY: usize = 16;

    /// No members, with room for those of most messages.
    fn few() -> Self {
        Members { all: Vec::with_capacity(2), places: HashMap::new() }
    }

    /// The place of the member of this name, the first of a repeated one.
    fn place(&mut self, name: Arc<str>) -> usize {
        let known = match self.all.len() {
            few if few < Members::MANY => self.all.iter().position(|(known, _)| *known == name),
            _ => {
                for (place, (name, _)) in self.all.iter().enumerate().skip(self.places.len()) {
                    self.places.insert(Arc::clone(name), place);
                }
                self.places.get(&name).copied()
            }
        };
        known.unwrap_or_else(|| {
            self.all.push((name, Data::Null));
            self.all.len() - 1
        })
    }
}

impl Tree<'_> {
    fn add(&mut self, part: Part) -> Result<()> {
        match part {
            Part::Object | Part::Array if self.open.len() == DEPTH => {
                return Err(bad("it is nested too deeply"));
            }
            Part::Object => self.open.push(Open::Map(Members::few(), 0)),
            Part::Array => self.open.push(Open::List(Vec::with_capacity(FEW))),
            Part::Key(key) => {
                let name = self.string(key)?;
                if let Some(Open::Map(members, next)) = self.open.last_mut() {
                    *next = members.place(name);
                }
            }
            Part::Value(value) => {
                let raw = &self.text[value.start..value.end];
                let data = match value.kind {
                    Kind::Bool => Data::Bool(raw == "true"),
                    Kind::Int | Kind::Float => Data::Number(raw.into()),
                    Kind::String => Data::Text(self.string(value)?),
                    _ => Data::Null,
                };
                self.put(data);
            }
            Part::End => match self.open.pop() {
                Some(Open::List(items)) => self.put(Data::List(items)),
                Some(Open::Map(members, _)) => self.put(Data::Map(members.all)),
                None => {}
            },
        }
        Ok(())
    }

    /// Puts a value where the text has it.
    fn put(&mut self, data: Data) {
        match self.open.last_mut() {
            None => self.done = Some(data),
            Some(Open::List(items)) => items.push(data),
            Some(Open::Map(members, next)) => {
                if let Some((_, value)) = members.all.get_mut(*next) {
                    *value = data;
                }
            }
        }
    }

    fn string(&mut self, value: json::Value) -> Result<Arc<str>> {
        let inner = &self.text[value.start + 1..value.end - 1];
        if !value.escaped && inner.len() <= SHORT {
            if let Some(known) = self.short.iter().find(|known| &***known == inner) {
                return Ok(Arc::clone(known));
            }
            let new: Arc<str> = inner.into();
            if self.short.len() < KEPT {
                self.short.push(Arc::clone(&new));
            }
            return Ok(new);
        }
        if !value.escaped {
            return Ok(inner.into());
        }
        let mut decoded = Vec::new();
        json::decode_string(inner.as_bytes(), &mut decoded)
            .map_err(|_| bad("a text holds a lone surrogate"))?;
        Ok(String::from_utf8_lossy(&decoded).into())
    }
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
        let many: Vec<String> = (0..40).map(|i| format!("\"k{}\":{i}", i % 30)).collect();
        let Data::Map(members) = Data::parse(&format!("{{{}}}", many.join(","))).unwrap() else { panic!() };
        assert_eq!(members.len(), 30);
        assert_eq!((&*members[9].0, &members[9].1), ("k9", &Data::Number("39".into())));
        assert_eq!((&*members[10].0, &members[10].1), ("k10", &Data::Number("10".into())));
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
