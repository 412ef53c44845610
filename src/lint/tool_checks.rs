//! What is about tools and their calls.

use super::row::{Message, Row, value};
use crate::json::{Json, Kind};

fn is_text(value: Option<Json<'_>>) -> bool {
    value.is_some_and(|value| value.kind == Kind::String)
}

/// What is wrong with the calls of a message.
pub(super) fn calls(message: &Message<'_>) -> Option<String> {
    let list = message.get("tool_calls")?;
    let Some(calls) = list.elements() else { return Some(format!("`tool_calls` is {}", list.describe())) };
    calls.into_iter().enumerate().find_map(|(i, call)| {
        let number = i + 1;
        let Some([id, function]) = call.fields(["id", "function"]) else {
            return Some(format!("call {number} is {}", call.describe()));
        };
        let Some([name, arguments]) = function.and_then(|f| f.fields(["name", "arguments"])) else {
            return Some(format!("call {number} has no `function`"));
        };
        let missing = [(is_text(id), "id"), (is_text(name), "name"), (is_text(arguments), "arguments")];
        let (_, key) = missing.into_iter().find(|(found, _)| !found)?;
        Some(format!("call {number} has no `{key}` that is text"))
    })
}

/// What is wrong with the tools of a row, whose functions have these keys.
pub(super) fn tools(row: &Row<'_>, keys: &[&str]) -> Option<String> {
    let list = value(row.body(), "tools")?;
    let Some(tools) = list.elements() else { return Some(format!("`tools` is {}", list.describe())) };
    tools.into_iter().enumerate().find_map(|(i, tool)| {
        let number = i + 1;
        let function = tool.fields(["function"]).and_then(|[function]| function);
        let Some(members) = function.and_then(Json::members) else {
            return Some(format!("tool {number} has no `function`"));
        };
        let has = |key: &str| match value(&members, key) {
            Some(found) if key == "name" => found.kind == Kind::String,
            Some(found) if key == "parameters" => found.kind == Kind::Object,
            found => found.is_some(),
        };
        let key = keys.iter().find(|key| !has(key))?;
        Some(format!("tool {number} has no `{key}`"))
    })
}
