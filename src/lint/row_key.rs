//! By what conversations are compared.

use std::collections::BTreeMap;

use super::row::{Row, value};
use crate::hash;
use crate::json::{Json, Kind};

/// The key of a row's messages, tools and system as JSON values, or of its input and outputs: white space, escapes and the order of
/// keys do not matter, nor do the other keys of the row.
pub(super) fn row_key(row: &Row<'_>) -> u128 {
    let keys: &[&str] = if row.is_pair() {
        &["input", "preferred_output", "non_preferred_output"]
    } else {
        &["messages", "tools", "system", "toolConfig"]
    };
    hash::key(keys.iter().map(|key| value(&row.members, key).map_or(hash::field(None), value_key)))
}

pub(super) fn value_key(json: Json<'_>) -> u128 {
    let text = |text: &str| hash::field(Some(text.as_bytes()));
    let kind = json.kind as u128;
    match json.kind {
        Kind::String => hash::key([kind, json.string().map_or_else(|| text(json.text), |said| text(&said))]),
        Kind::Array => {
            let elements = json.elements().unwrap_or_default();
            hash::key([kind].into_iter().chain(elements.into_iter().map(value_key)))
        }
        Kind::Object => {
            // Of a repeated key the last value counts.
            let members = json.members().unwrap_or_default().into_iter();
            let members: BTreeMap<u128, u128> =
                members.map(|(key, value)| (text(&key), value_key(value))).collect();
            hash::key([kind].into_iter().chain(members.into_iter().flat_map(|(key, value)| [key, value])))
        }
        Kind::Null | Kind::Bool | Kind::Int | Kind::Float => hash::key([kind, text(json.text)]),
    }
}
