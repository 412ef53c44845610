//! JSON that is written piece by piece.

use crate::json::Json;
use crate::record::json::{write_string, write_verbatim};

/// A JSON object that is written member by member.
#[derive(Default)]
pub(super) struct JsonObject(Vec<u8>);

impl JsonObject {
    fn key(&mut self, key: &str) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        write_string(&mut self.0, key);
        self.0.push(b':');
    }

    /// A member whose value is a text.
    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        write_string(&mut self.0, text);
    }

    /// A member whose value is JSON.
    pub(super) fn json(&mut self, key: &str, json: &str) {
        self.key(key);
        write_verbatim(&mut self.0, json);
    }

    /// The object.
    pub(super) fn end(mut self) -> String {
        if self.0.is_empty() {
            self.0.push(b'{');
        }
        self.0.push(b'}');
        // Only text was written.
        String::from_utf8(self.0).unwrap_or_default()
    }
}

/// The JSON of a list of such values.
pub(super) fn list_json(values: &[String]) -> String {
    format!("[{}]", values.join(","))
}

/// A tool in the form of OpenAI's API: a function alone gets its type.
pub(super) fn tool_json(tool: Json<'_>) -> String {
    let is_bare =
        tool.fields(["name", "function"]).is_some_and(|[name, inner]| name.is_some() && inner.is_none());
    let mut text = Vec::new();
    write_verbatim(&mut text, tool.text);
    // The text of JSON is UTF-8.
    let text = String::from_utf8(text).unwrap_or_default();
    if is_bare { format!("{{\"type\":\"function\",\"function\":{text}}}") } else { text }
}
