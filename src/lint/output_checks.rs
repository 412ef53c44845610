//! What is about the two outputs of a preference.

use super::row::{Row, value};
use super::row_key::value_key;
use crate::json::{Json, Kind, excerpt};

const OUTPUTS: [&str; 2] = ["preferred_output", "non_preferred_output"];

/// What is wrong with the outputs, whose messages have these roles; there is one message at most where `most` says so.
pub(super) fn breach(row: &Row<'_>, roles: &[&str], most: Option<usize>) -> Option<String> {
    OUTPUTS.iter().find_map(|name| {
        let Some(output) = value(&row.members, name) else { return Some(format!("it has no `{name}`")) };
        let Some(messages) = output.elements() else {
            return Some(format!("`{name}` is {}", output.describe()));
        };
        if messages.is_empty() || most.is_some_and(|most| messages.len() > most) {
            return Some(format!("`{name}` has {} messages", messages.len()));
        }
        messages.into_iter().find_map(|message| wrong(message, roles)).map(|what| format!("`{name}`: {what}"))
    })
}

fn wrong(message: Json<'_>, roles: &[&str]) -> Option<String> {
    let Some([role, content, calls]) = message.fields(["role", "content", "tool_calls"]) else {
        return Some(message.describe());
    };
    let Some(role) = role.and_then(Json::string) else { return Some("no `role` that is text".into()) };
    if !roles.contains(&role.as_ref()) {
        return Some(format!("`{}`", excerpt(&role)));
    }
    match content {
        Some(content) if content.kind != Kind::String => Some(format!("content is {}", content.describe())),
        None if calls.is_none() => Some("no content".into()),
        _ => None,
    }
}

/// Whether both outputs are the same.
pub(super) fn same(row: &Row<'_>) -> Option<String> {
    let [chosen, rejected] = OUTPUTS.map(|name| value(&row.members, name).map(value_key));
    (chosen.is_some() && chosen == rejected).then(|| "they are the same".into())
}
