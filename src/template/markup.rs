//! Text of the filter `safe`, which Python marks as HTML (`Markup`). The engine's safe strings carry the mark.
//!
//! Of the operators only `+` minds the mark: [`plus`](super::plus) escapes the other side.

use minijinja::value::Value;

/// A text with the mark, if the value that it was made of has it.
pub(super) fn like(value: &Value, text: String) -> Value {
    if value.is_safe() { Value::from_safe_string(text) } else { Value::from(text) }
}

/// The text, escaped as `markupsafe` does.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            c => out.push(c),
        }
    }
    out
}
