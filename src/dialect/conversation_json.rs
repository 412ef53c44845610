//! A row as a conversation in the form of OpenAI's API, which chat templates are written for: JSON of its messages and
//! of its tools.

use std::borrow::Cow;

use super::cell::Row;
use super::dialect::Dialect;
use super::dialogue::{Call, Dialogue, TextKind, Turn};
use super::json_object::{JsonObject, list_json, tool_json};
use super::misfit::Misfit;
use super::tools;
use crate::json::{Json, Kind};

/// JSON of a conversation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConversationJson<'r> {
    /// A list of messages.
    pub(crate) messages: Cow<'r, str>,
    /// A list of tools, if the row has any.
    pub(crate) tools: Option<Cow<'r, str>>,
}

/// The conversation of a row. Messages that have the form already stay as they are, and so do their tools. `checked` says
/// that the dialect has read the row before.
///
/// # Errors
/// The row is not one of the dialect.
pub(crate) fn conversation_json<'r>(
    dialect: &dyn Dialect,
    row: &'r Row<'_>,
    checked: bool,
) -> Result<ConversationJson<'r>, Misfit> {
    let given = dialect.openai_messages().and_then(|part| row.get(part).nested_text());
    if let Some(list) = given.filter(|list| checked && has_no_calls(list)) {
        return Ok(ConversationJson { messages: Cow::Borrowed(list), tools: tools::read(row)?.map(as_list) });
    }
    let dialogue = dialect.read(row)?;
    // Only calls have names that templates know under others.
    let has_calls = dialogue.turns.iter().any(|turn| !turn.calls.is_empty());
    if let Some(list) = given.filter(|_| !has_calls || dialogue.turns.iter().all(|turn| turn.given.is_some()))
    {
        return Ok(ConversationJson { messages: Cow::Borrowed(list), tools: dialogue.tools.map(as_list) });
    }
    let messages: Vec<String> =
        dialogue.turns.iter().map(|turn| message(turn, dialect.between_texts())).collect();
    Ok(ConversationJson { messages: Cow::Owned(list_json(&messages)), tools: wrapped_tools(&dialogue) })
}

/// Whether JSON has no key for calls of tools, not even one that is written with escapes.
fn has_no_calls(json: &str) -> bool {
    ["_call", "\\u"].iter().all(|part| memchr::memmem::find(json.as_bytes(), part.as_bytes()).is_none())
}

/// The JSON of tools as a list: a tool alone is one of one.
pub(super) fn as_list(tools: Cow<'_, str>) -> Cow<'_, str> {
    if tools.trim_start().starts_with('[') { tools } else { Cow::Owned(format!("[{tools}]")) }
}

/// The tools as OpenAI's API has them: each within `function`.
pub(super) fn wrapped_tools(dialogue: &Dialogue<'_>) -> Option<Cow<'static, str>> {
    let json = Json::parse(dialogue.tools.as_deref()?)?;
    let tools: Vec<String> =
        json.elements().unwrap_or_else(|| vec![json]).into_iter().map(tool_json).collect();
    Some(Cow::Owned(list_json(&tools)))
}

/// A message of a turn; `between` separates the texts of its content.
pub(super) fn message(turn: &Turn<'_>, between: &str) -> String {
    let texts = |kind: TextKind| -> Vec<&str> {
        turn.texts.iter().filter(|said| said.kind == kind).map(|said| said.text.as_ref()).collect()
    };
    let mut message = JsonObject::default();
    message.text("role", turn.role.name());
    message.text("content", &texts(TextKind::Text).join(between));
    let reasoning = texts(TextKind::Reasoning);
    if !reasoning.is_empty() {
        message.text("reasoning_content", &reasoning.concat());
    }
    if !turn.calls.is_empty() {
        let calls: Vec<String> = turn.calls.iter().map(call).collect();
        message.json("tool_calls", &list_json(&calls));
    }
    if let Some(name) = &turn.name {
        message.text("name", name);
    }
    if let Some(id) = &turn.call_id {
        message.text("tool_call_id", id);
    }
    if let Some(weight) = turn.weight {
        message.json("weight", &weight.to_string());
    }
    message.end()
}

fn call(call: &Call<'_>) -> String {
    let mut function = JsonObject::default();
    function.text("name", &call.name);
    match call.arguments.as_deref() {
        None => function.json("arguments", "{}"),
        Some(text) if Json::parse(text).is_some_and(|json| json.kind == Kind::Object) => {
            function.json("arguments", text);
        }
        Some(text) => function.text("arguments", text),
    }
    let mut written = JsonObject::default();
    written.text("type", "function");
    if let Some(id) = &call.id {
        written.text("id", id);
    }
    written.json("function", &function.end());
    written.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::cell::Cell;
    use crate::dialect::find;

    fn converted(dialect: &str, parts: &[(&'static str, &str)]) -> (String, Option<String>) {
        let row = Row(parts.iter().map(|(part, json)| (*part, Cell::from_json(*json))).collect());
        let made = conversation_json(find(dialect).unwrap(), &row, false).unwrap();
        assert_eq!(conversation_json(find(dialect).unwrap(), &row, true).unwrap(), made);
        (made.messages.into_owned(), made.tools.map(Cow::into_owned))
    }

    #[test]
    fn messages_of_openai_stay_as_they_are() {
        let messages = r#"[ {"role":"user","content":"q","x":1.0},{"role":"assistant","content":null,
            "tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}]"#;
        let tools = r#"[{"name":"f"}]"#;
        assert_eq!(
            converted("openai_chat", &[("messages", messages), ("tools", tools)]),
            (messages.trim().to_string(), Some(tools.to_string()))
        );
        for (messages, tools) in [
            (r#"[{"role":"user","content":"q"}]"#, r#"[{"name":"f"}]"#),
            (r#"[{"role":"user","content":"\u00e9_calls"}]"#, r#""[{\"name\":\"f\"}]""#),
        ] {
            let tools_given = [("messages", messages), ("tools", tools)];
            let expected = (messages.to_string(), Some(r#"[{"name":"f"}]"#.to_string()));
            assert_eq!(converted("openai_chat", &tools_given), expected);
            assert_eq!(converted("openai_chat", &tools_given[..1]), (messages.to_string(), None));
        }
        let escaped =
            r#"[{"role":"assistant","content":null,"functi\u006fn_call":{"name":"f","arguments":"{}"}}]"#;
        assert!(converted("openai_chat", &[("messages", escaped)]).0.contains("tool_calls"));
        let (messages, tools) = converted(
            "openai_chat",
            &[
                (
                    "messages",
                    r#"[{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{\"a\": 1}"}}]"#,
                ),
                ("tools", r#"{"name":"f"}"#),
            ],
        );
        let expected = r#"[{"role":"assistant","content":"","tool_calls":[{"type":"function","function":{"name":"f","arguments":{"a": 1}}}]}]"#;
        assert_eq!(messages, expected);
        assert_eq!(tools.unwrap(), r#"[{"type":"function","function":{"name":"f"}}]"#);
    }

    #[test]
    fn other_words_become_those_of_openai() {
        let conversations = r#"[{"from":"human","value":"q\n"},
            {"from":"function_call","value":"{\"name\":\"f\",\"arguments\":\"x\"}"},
            {"from":"observation","value":"r"},{"from":"gpt","value":"a","weight":0.5}]"#;
        let (messages, tools) = converted(
            "sharegpt",
            &[("conversations", conversations), ("system", "\"s\""), ("tools", r#""[{\"name\":\"f\"}]""#)],
        );
        let expected = [
            r#"[{"role":"system","content":"s"},{"role":"user","content":"q\n"},"#,
            r#"{"role":"assistant","content":"","tool_calls":[{"type":"function","function":{"name":"f","arguments":"x"}}]},"#,
            r#"{"role":"tool","content":"r"},{"role":"assistant","content":"a","weight":0.5}]"#,
        ];
        assert_eq!(messages, expected.concat());
        assert_eq!(tools.unwrap(), r#"[{"type":"function","function":{"name":"f"}}]"#);
    }

    #[test]
    fn columns_are_joined_by_an_empty_line_and_parts_by_nothing() {
        let (messages, _) =
            converted("alpaca", &[("instruction", "\"i\""), ("input", "\"x\""), ("output", "\"o\"")]);
        assert_eq!(messages, r#"[{"role":"user","content":"i\n\nx"},{"role":"assistant","content":"o"}]"#);
        let parts = r#"[{"role":"assistant","content":[{"type":"reasoning","value":"t"},{"type":"text","text":"a"},
            {"type":"text","text":"b"}]}]"#;
        let (messages, _) = converted("chat_parts", &[("messages", parts)]);
        assert_eq!(messages, r#"[{"role":"assistant","content":"ab","reasoning_content":"t"}]"#);
    }
}
