//! What is about tools in the form of blocks.

use std::borrow::Cow;

use super::row::{Row, value};
use crate::json::{Json, Kind, excerpt};

const CALL: &str = "toolUse";
const RESULT: &str = "toolResult";

/// The blocks with this name of all messages: the index of the message, its role, and what the block has.
fn blocks<'r, 'a>(row: &'r Row<'a>, name: &str) -> Vec<(usize, &'r str, Json<'a>)> {
    let mut found = Vec::new();
    for (index, message) in row.messages.iter().enumerate() {
        let content = message.get("content").and_then(Json::elements).unwrap_or_default();
        let named = content.into_iter().filter_map(|block| block.fields([name])?[0]);
        found.extend(named.map(|block| (index, message.role.as_ref(), block)));
    }
    found
}

/// A text that is not blank.
fn said(value: Option<Json<'_>>) -> Option<Cow<'_, str>> {
    value.and_then(Json::string).filter(|text| !text.trim().is_empty())
}

/// The first tool or block of tools that there is.
pub(super) fn any(row: &Row<'_>) -> Option<String> {
    if value(row.body(), "toolConfig").is_some() {
        return Some("`toolConfig`".into());
    }
    [CALL, RESULT].iter().find_map(|name| {
        let (index, ..) = *blocks(row, name).first()?;
        Some(row.messages[index].says(format!("`{name}`")))
    })
}

/// What is wrong with the tools.
pub(super) fn tool_config(row: &Row<'_>) -> Option<String> {
    let config = value(row.body(), "toolConfig")?;
    let Some(tools) = config.fields(["tools"]).and_then(|[tools]| tools?.elements()) else {
        return Some("it has no `tools` that are a list".into());
    };
    if tools.is_empty() {
        return Some("`tools` is empty".into());
    }
    let mut names = Vec::new();
    (1..).zip(tools).find_map(|(number, tool)| {
        let spec = tool.fields(["toolSpec"]).and_then(|[spec]| spec);
        let Some([name, description, schema]) =
            spec.and_then(|spec| spec.fields(["name", "description", "inputSchema"]))
        else {
            return Some(format!("tool {number} has no `toolSpec`"));
        };
        let Some(name) = said(name) else { return Some(format!("tool {number} has no `name`")) };
        if said(description).is_none() {
            return Some(format!("tool {number} has no `description`"));
        }
        let schema = schema.and_then(|schema| schema.fields(["json"])?[0]);
        if schema.and_then(|schema| schema.fields(["type"])?[0]).is_none() {
            return Some(format!("tool {number} has no `inputSchema` with `json` that has a `type`"));
        }
        if names.contains(&name) {
            return Some(format!("two tools are `{}`", excerpt(&name)));
        }
        names.push(name);
        None
    })
}

/// The names of the tools; none where there is no list of them.
fn names<'a>(row: &Row<'a>) -> Option<Vec<Cow<'a, str>>> {
    let [tools] = value(row.body(), "toolConfig")?.fields(["tools"])?;
    let specs = tools?.elements()?.into_iter().filter_map(|tool| tool.fields(["toolSpec"])?[0]);
    Some(specs.filter_map(|spec| spec.fields(["name"])?[0]?.string()).collect())
}

/// What is wrong with the calls.
pub(super) fn calls(row: &Row<'_>) -> Option<String> {
    let names = names(row);
    let mut ids = Vec::new();
    blocks(row, CALL).into_iter().find_map(|(index, role, call)| {
        let [id, name, input] = call.fields(["toolUseId", "name", "input"]).unwrap_or_default();
        let wrong = match (said(id), said(name)) {
            _ if role != "assistant" => Some(format!("`{CALL}` of `{}`", excerpt(role))),
            (None, _) => Some("a call has no `toolUseId`".into()),
            (_, None) => Some("a call has no `name`".into()),
            _ if input.is_none_or(|input| input.kind != Kind::Object) => {
                Some("a call has no `input` that is an object".into())
            }
            (_, Some(name)) if names.as_ref().is_some_and(|names| !names.contains(&name)) => {
                Some(format!("`{}` is not in `toolConfig`", excerpt(&name)))
            }
            (Some(id), _) if ids.contains(&id) => Some(format!("two calls have the id `{}`", excerpt(&id))),
            (Some(id), _) => {
                ids.push(id);
                None
            }
        };
        wrong.map(|what| row.messages[index].says(what))
    })
}

/// What is wrong with the results.
pub(super) fn results(row: &Row<'_>) -> Option<String> {
    let calls: Vec<(usize, Cow<'_, str>)> = blocks(row, CALL)
        .into_iter()
        .filter_map(|(index, _, call)| Some((index, call.fields(["toolUseId"])?[0]?.string()?)))
        .collect();
    let mut answered = Vec::new();
    blocks(row, RESULT).into_iter().find_map(|(index, role, result)| {
        let [id, content] = result.fields(["toolUseId", "content"]).unwrap_or_default();
        let wrong = match said(id) {
            _ if role != "user" => Some(format!("`{RESULT}` of `{}`", excerpt(role))),
            None => Some("a result has no `toolUseId`".into()),
            _ if content.and_then(Json::elements).is_none_or(|content| content.is_empty()) => {
                Some("a result has no `content` that is a list".into())
            }
            Some(id) if !calls.iter().any(|(call, known)| *call < index && *known == id) => {
                Some(format!("no call before it has the id `{}`", excerpt(&id)))
            }
            Some(id) if answered.contains(&id) => Some(format!("two results have the id `{}`", excerpt(&id))),
            Some(id) => {
                answered.push(id);
                None
            }
        };
        wrong.map(|what| row.messages[index].says(what))
    })
}
