//! A row as a conversation in the form of OpenAI's API, which chat templates are written for: JSON of its messages and
//! of its tools.

use std::borrow::Cow;

use super::cell::Row;
use super::dialect::Dialect;
use super::dialogue::{Call, Dialogue, TextKind, Turn};
use super::misfit::Misfit;
use crate::json::{Json, Kind};
use crate::record::json::write_string;

/// JSON of a conversation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConversationJson<'r> {
    /// A list of messages.
    pub(crate) messages: Cow<'r, str>,
    /// A list of tools, if the row has any.
    pub(crate) tools: Option<Cow<'r, str>>,
}

/// The conversation of a row. Messages that have the form already stay as they are, and so do their tools.
///
/// # Errors
/// The row is not one of the dialect.
pub(crate) fn conversation_json<'r>(
    dialect: &dyn Dialect,
    row: &'r Row<'_>,
) -> Result<ConversationJson<'r>, Misfit> {
    let dialogue = dialect.read(row)?;
    let given = dialect.openai_messages().and_then(|part| row.get(part).nested());
    if let Some(list) = given.filter(|list| is_openai(*list)) {
        let tools = dialogue.tools.map(|tools| if is_list(&tools) { tools } else { list_of(&tools) });
        return Ok(ConversationJson { messages: Cow::Borrowed(list.text), tools });
    }
    let mut messages = Vec::new();
    list(&mut messages, &dialogue.turns, |out, turn| write_turn(out, turn, dialect.between_texts()));
    Ok(ConversationJson { messages: Cow::Owned(text_of(messages)), tools: tools(&dialogue) })
}

/// Whether messages have nothing that templates know under another name.
fn is_openai(list: Json<'_>) -> bool {
    let has_function = |call: Json<'_>| {
        call.fields(["function"]).is_some_and(|[f]| f.is_some_and(|f| f.kind == Kind::Object))
    };
    list.elements().unwrap_or_default().into_iter().all(|message| {
        message.fields(["function_call", "tool_calls"]).is_some_and(|[call, calls]| {
            let calls = calls.and_then(Json::elements).unwrap_or_default();
            call.is_none() && calls.into_iter().all(has_function)
        })
    })
}

fn is_list(tools: &str) -> bool {
    tools.trim_start().starts_with('[')
}

fn list_of(tool: &str) -> Cow<'static, str> {
    Cow::Owned(format!("[{tool}]"))
}

/// The tools as OpenAI's API has them: each within `function`.
fn tools(dialogue: &Dialogue<'_>) -> Option<Cow<'static, str>> {
    let text = dialogue.tools.as_deref()?;
    let json = Json::parse(text)?;
    let mut out = Vec::new();
    list(&mut out, &json.elements().unwrap_or_else(|| vec![json]), |out, tool| {
        let is_bare =
            tool.fields(["name", "function"]).is_some_and(|[name, f]| name.is_some() && f.is_none());
        let (before, after) = if is_bare { (r#"{"type":"function","function":"#, "}") } else { ("", "") };
        [before, tool.text, after].iter().for_each(|text| out.extend_from_slice(text.as_bytes()));
    });
    Some(Cow::Owned(text_of(out)))
}

fn write_turn(out: &mut Vec<u8>, turn: &Turn<'_>, between: &str) {
    out.extend_from_slice(b"{\"role\":");
    write_string(out, turn.role.name());
    let texts = |kind: TextKind| -> Vec<&str> {
        turn.texts.iter().filter(|said| said.kind == kind).map(|said| said.text.as_ref()).collect()
    };
    let member = |out: &mut Vec<u8>, name: &str, text: &str| {
        out.push(b',');
        write_string(out, name);
        out.push(b':');
        write_string(out, text);
    };
    member(out, "content", &texts(TextKind::Text).join(between));
    let reasoning = texts(TextKind::Reasoning);
    if !reasoning.is_empty() {
        member(out, "reasoning_content", &reasoning.concat());
    }
    if !turn.calls.is_empty() {
        out.extend_from_slice(b",\"tool_calls\":");
        list(out, &turn.calls, write_call);
    }
    if let Some(name) = &turn.name {
        member(out, "name", name);
    }
    if let Some(id) = &turn.call_id {
        member(out, "tool_call_id", id);
    }
    if let Some(weight) = turn.weight {
        out.extend_from_slice(format!(",\"weight\":{weight}").as_bytes());
    }
    out.push(b'}');
}

fn write_call(out: &mut Vec<u8>, call: &Call<'_>) {
    out.extend_from_slice(b"{\"type\":\"function\",");
    if let Some(id) = &call.id {
        out.extend_from_slice(b"\"id\":");
        write_string(out, id);
        out.push(b',');
    }
    out.extend_from_slice(b"\"function\":{\"name\":");
    write_string(out, &call.name);
    out.extend_from_slice(b",\"arguments\":");
    match call.arguments.as_deref() {
        None => out.extend_from_slice(b"{}"),
        Some(text) if Json::parse(text).is_some_and(|json| json.kind == Kind::Object) => {
            out.extend_from_slice(text.as_bytes());
        }
        Some(text) => write_string(out, text),
    }
    out.extend_from_slice(b"}}");
}

fn list<T>(out: &mut Vec<u8>, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

fn text_of(json: Vec<u8>) -> String {
    // All that was written is UTF-8.
    String::from_utf8(json).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::cell::Cell;
    use crate::dialect::find;

    fn converted(dialect: &str, parts: &[(&'static str, &str)]) -> (String, Option<String>) {
        let row = Row(parts.iter().map(|(part, json)| (*part, Cell::from_json(*json))).collect());
        let made = conversation_json(find(dialect).unwrap(), &row).unwrap();
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
