//! The values of one row by part, as a dialect reads them.

use std::borrow::Cow;

use crate::json::{Json, Kind, excerpt};

/// The value of one column in one row.
#[derive(Debug, Clone, Default)]
pub enum Cell<'a> {
    /// Null, or absent.
    #[default]
    Null,
    /// A text.
    Text(Cow<'a, str>),
    /// The JSON text of any other value; it may turn out not to be JSON.
    Json(Cow<'a, str>),
}

impl<'a> Cell<'a> {
    /// The value of this JSON text.
    pub fn from_json(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        match text.trim() {
            "null" => Cell::Null,
            quoted if quoted.starts_with('"') => match Json::parse(quoted).and_then(Json::string) {
                Some(string) => Cell::Text(Cow::Owned(string.into_owned())),
                None => Cell::Json(text),
            },
            _ => Cell::Json(text),
        }
    }

    /// The same value, which borrows nothing.
    pub(super) fn into_owned(self) -> Cell<'static> {
        match self {
            Cell::Null => Cell::Null,
            Cell::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
            Cell::Json(text) => Cell::Json(Cow::Owned(text.into_owned())),
        }
    }

    /// Its size in bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Cell::Null => 0,
            Cell::Text(text) | Cell::Json(text) => text.len(),
        }
    }

    /// Whether it is null.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Cell::Null)
    }

    /// Whether it holds nothing: null, an empty text, or a list of nothing else.
    pub(super) fn is_empty(&self) -> bool {
        fn holds_nothing(json: Json<'_>) -> bool {
            match json.kind {
                Kind::Null => true,
                Kind::String => json.string().is_some_and(|text| text.trim().is_empty()),
                Kind::Array => json.elements().is_some_and(|all| all.into_iter().all(holds_nothing)),
                _ => false,
            }
        }
        match self {
            Cell::Null => true,
            Cell::Text(text) if text.trim().is_empty() => true,
            _ => self.nested().is_some_and(holds_nothing),
        }
    }

    /// The text, if it is text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The JSON value, where it is an array or an object. A table without nested columns holds these as text.
    pub(crate) fn nested(&self) -> Option<Json<'_>> {
        Json::parse(self.nested_text()?)
    }

    /// The elements, where it is an array.
    pub(super) fn elements(&self) -> Option<Vec<Json<'_>>> {
        Json::elements_of(self.nested_text()?)
    }

    /// The text of an array or an object, which may turn out not to be JSON.
    pub(super) fn nested_text(&self) -> Option<&str> {
        let text = match self {
            Cell::Null => return None,
            Cell::Text(text) | Cell::Json(text) => text.trim_matches([' ', '\t', '\n', '\r']),
        };
        text.starts_with(['[', '{']).then_some(text)
    }

    /// The JSON value, if it is JSON and not text.
    pub(super) fn json(&self) -> Option<Json<'_>> {
        match self {
            Cell::Json(text) => Json::parse(text),
            _ => None,
        }
    }

    /// The value in messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Cell::Null => "null or nothing".into(),
            Cell::Text(text) => format!("text ({})", excerpt(text)),
            Cell::Json(text) => {
                Json::parse(text).map_or_else(|| format!("invalid JSON ({})", excerpt(text)), Json::describe)
            }
        }
    }
}

/// The values of one row by part.
#[derive(Debug, Default)]
pub struct Row<'a>(pub Vec<(&'static str, Cell<'a>)>);

impl<'a> Row<'a> {
    /// The value of a part; null if the row has no column for it.
    pub(super) fn get(&self, part: &str) -> &Cell<'a> {
        self.0.iter().find(|(name, _)| *name == part).map_or(&Cell::Null, |(_, cell)| cell)
    }

    /// Whether the rows have a column for this part.
    pub(super) fn has(&self, part: &str) -> bool {
        self.0.iter().any(|(name, _)| *name == part)
    }
}
