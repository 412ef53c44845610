//! How conversations are written as blocks, in the form of Amazon's Converse API.

use super::dialogue::{Call, Dialogue, Role, Turn};
use super::form_parts::{CallIds, Written, reasoning, texts, weight};
use super::json_object::{JsonObject, list_json};
use crate::json::{Json, Kind, excerpt};
use crate::record::turns::Branch;

/// The columns that are written.
pub(super) const COLUMNS: &[&str] = &["schemaVersion", "system", "messages", "toolConfig"];

/// The version of the format.
const VERSION: &str = "\"bedrock-conversation-2024\"";

/// The schema of a function without parameters.
const NO_PARAMETERS: &str = "{\"type\":\"object\",\"properties\":{}}";

/// A message.
struct Message {
    role: &'static str,
    blocks: Vec<String>,
    /// Whether its blocks are results of tools: what the person says next is in the same message.
    is_results: bool,
}

/// A dialogue as it is written.
///
/// # Errors
/// What it has that cannot be written; nothing is left out.
pub(super) fn write(dialogue: &Dialogue<'_>) -> Result<Written, String> {
    let tools = dialogue.tools.as_deref().map(tool_config).transpose()?.flatten();
    let mut ids = CallIds::new(dialogue, true);
    let (mut system, mut messages) = (Vec::new(), Vec::<Message>::new());
    for (number, turn) in (1..).zip(dialogue.turns.iter().filter(|turn| turn.branch == Branch::Main)) {
        let blocks = blocks(turn, &mut ids).map_err(|what| format!("message {number}: {what}"))?;
        match (turn.role, messages.last_mut()) {
            (Role::System | Role::Developer, None) => system.extend(blocks),
            (Role::System | Role::Developer, Some(_)) => {
                return Err(format!("message {number}: the system speaks after others"));
            }
            (Role::User | Role::Tool, Some(last)) if last.is_results => {
                last.blocks.extend(blocks);
                last.is_results = turn.role == Role::Tool;
            }
            (role, _) => {
                let is_results = role == Role::Tool;
                let role = if role == Role::Assistant { role } else { Role::User }.name();
                messages.push(Message { role, blocks, is_results });
            }
        }
    }
    let messages: Vec<String> = messages.iter().map(Message::json).collect();
    let system = (!system.is_empty()).then(|| list_json(&system));
    Ok(vec![
        ("schemaVersion", Some(VERSION.to_string())),
        ("system", system),
        ("messages", Some(list_json(&messages))),
        ("toolConfig", tools),
    ])
}

impl Message {
    fn json(&self) -> String {
        let mut message = JsonObject::default();
        message.text("role", self.role);
        message.json("content", &list_json(&self.blocks));
        message.end()
    }
}

/// The blocks of a turn.
fn blocks(turn: &Turn<'_>, ids: &mut CallIds) -> Result<Vec<String>, String> {
    if turn.name.is_some() && turn.role != Role::Tool {
        return Err("the speaker has a name".into());
    }
    weight(turn, false)?;
    let thought = reasoning(turn);
    if thought.is_some() && turn.role != Role::Assistant {
        return Err("it has what the model thinks, and is no answer".into());
    }
    if turn.role == Role::Tool {
        return Ok(vec![result(turn, ids)?]);
    }
    let mut blocks = Vec::new();
    if let Some(thought) = thought {
        blocks.push(block("reasoningContent", &block("reasoningText", &text(&thought))));
    }
    blocks.extend(texts(turn).map(text));
    for call in &turn.calls {
        blocks.push(tool_use(call, ids)?);
    }
    Ok(blocks)
}

fn text(said: &str) -> String {
    let mut block = JsonObject::default();
    block.text("text", said);
    block.end()
}

fn block(name: &str, json: &str) -> String {
    let mut block = JsonObject::default();
    block.json(name, json);
    block.end()
}

/// A call of a tool.
fn tool_use(call: &Call<'_>, ids: &mut CallIds) -> Result<String, String> {
    let input = call.arguments.as_deref().unwrap_or("{}");
    if Json::parse(input).is_none_or(|json| json.kind != Kind::Object) {
        return Err("the arguments of a call are no object".into());
    }
    let mut tool_use = JsonObject::default();
    if let Some(id) = ids.called(call) {
        tool_use.text("toolUseId", &id);
    }
    tool_use.text("name", &call.name);
    tool_use.json("input", input);
    Ok(block("toolUse", &tool_use.end()))
}

/// The result of a tool.
fn result(turn: &Turn<'_>, ids: &mut CallIds) -> Result<String, String> {
    let mut content: Vec<String> = texts(turn).map(text).collect();
    if content.is_empty() {
        content.push(text(""));
    }
    let mut result = JsonObject::default();
    if let Some(id) = ids.answered(turn.call_id.as_deref())? {
        // The call says which tool it is.
        if turn.name.as_deref().is_some_and(|name| ids.tool(&id) != Some(name)) {
            return Err("the result is of another tool than its call".into());
        }
        result.text("toolUseId", &id);
    }
    result.json("content", &list_json(&content));
    Ok(block("toolResult", &result.end()))
}

/// The tools; none if the list is empty.
fn tool_config(json: &str) -> Result<Option<String>, String> {
    let Some(tools) = Json::parse(json).and_then(Json::elements) else {
        return Err("its tools are no list".into());
    };
    let tools: Result<Vec<String>, String> = tools.into_iter().map(tool_spec).collect();
    let tools = tools?;
    Ok((!tools.is_empty()).then(|| block("tools", &list_json(&tools))))
}

/// A tool, which is a function or has one.
fn tool_spec(tool: Json<'_>) -> Result<String, String> {
    let function = tool.fields(["function"]).and_then(|[function]| function);
    let (members, known): (_, &[&str]) = match function {
        Some(function) => {
            check_keys(tool, &["type", "function"])?;
            (function, &["name", "description", "parameters"])
        }
        None => (tool, &["type", "name", "description", "parameters"]),
    };
    check_keys(members, known)?;
    let Some([name, description, parameters]) = members.fields(["name", "description", "parameters"]) else {
        return Err(format!("a tool is {}", tool.describe()));
    };
    let mut spec = JsonObject::default();
    for (key, value) in [("name", name), ("description", description)] {
        if let Some(value) = value {
            spec.json(key, value.text);
        }
    }
    let parameters = parameters.map_or(NO_PARAMETERS, |parameters| parameters.text);
    spec.json("inputSchema", &block("json", parameters));
    Ok(block("toolSpec", &spec.end()))
}

/// Refuses a tool with a key for which the form has no place.
fn check_keys(tool: Json<'_>, known: &[&str]) -> Result<(), String> {
    let members = tool.members().unwrap_or_default();
    let unknown =
        members.iter().find(|(key, value)| !known.contains(&key.as_ref()) && value.kind != Kind::Null);
    match unknown {
        Some((key, _)) => Err(format!("a tool has `{}`, for which there is no key", excerpt(key))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::dialogue::{Said, TextKind};

    fn written(turns: Vec<Turn<'static>>) -> Written {
        write(&Dialogue::new(turns)).unwrap()
    }

    #[test]
    fn the_system_is_beside_the_messages() {
        let mut answer = Turn::said(Role::Assistant, "a");
        answer.texts.insert(0, Said { kind: TextKind::Reasoning, text: "t".into() });
        let written = written(vec![Turn::said(Role::System, "s"), Turn::said(Role::User, "q"), answer]);
        assert_eq!(written[1], ("system", Some(r#"[{"text":"s"}]"#.into())));
        assert_eq!(
            written[2].1.as_deref().unwrap(),
            r#"[{"role":"user","content":[{"text":"q"}]},{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"t"}}},{"text":"a"}]}]"#
        );
        assert_eq!(written[3], ("toolConfig", None));
    }

    #[test]
    fn results_of_tools_are_what_the_user_says() {
        let call = |id: Option<&'static str>, arguments: Option<&'static str>| Call {
            id: id.map(Into::into),
            name: "f".into(),
            arguments: arguments.map(Into::into),
        };
        let calls = vec![call(Some("x"), Some(r#"{"a": 1}"#)), call(None, None)];
        let asked = Turn { calls, ..Turn::said(Role::Assistant, "I look.") };
        let name = Some("f".into());
        let first = Turn { call_id: Some("x".into()), name, ..Turn::said(Role::Tool, "1") };
        let said = [Turn::said(Role::User, "And?"), Turn::said(Role::User, "Well?")];
        let mut turns = vec![Turn::said(Role::User, "q"), asked, first, Turn::new(Role::Tool)];
        turns.extend(said);
        let messages = written(turns)[2].1.clone().unwrap();
        let expected = [
            r#"{"role":"user","content":[{"text":"q"}]}"#,
            r#"{"role":"assistant","content":[{"text":"I look."},{"toolUse":{"toolUseId":"x","name":"f","input":{"a": 1}}},{"toolUse":{"toolUseId":"call00001","name":"f","input":{}}}]}"#,
            r#"{"role":"user","content":[{"toolResult":{"toolUseId":"x","content":[{"text":"1"}]}},{"toolResult":{"toolUseId":"call00001","content":[{"text":""}]}},{"text":"And?"}]}"#,
            r#"{"role":"user","content":[{"text":"Well?"}]}"#,
        ];
        assert_eq!(messages, format!("[{}]", expected.join(",")));
    }

    #[test]
    fn tools_have_all_that_they_have_in_the_data() {
        let config = |tools: &str| tool_config(tools);
        let tools = r#"[{"type":"function","function":{"name":"f","description":"d","parameters":{"type": "object"}}},{"name":"g","strict":null}]"#;
        let expected = r#"{"tools":[{"toolSpec":{"name":"f","description":"d","inputSchema":{"json":{"type": "object"}}}},{"toolSpec":{"name":"g","inputSchema":{"json":{"type":"object","properties":{}}}}}]}"#;
        assert_eq!(config(tools).unwrap().as_deref(), Some(expected));
        assert_eq!(config("[]"), Ok(None));
        for (tools, expected) in [
            ("{}", "its tools are no list"),
            ("[1]", "a tool is an integer (1)"),
            (r#"[{"name":"f","strict":true}]"#, "a tool has `strict`, for which there is no key"),
            (r#"[{"function":{},"id":1}]"#, "a tool has `id`, for which there is no key"),
        ] {
            assert_eq!(config(tools).unwrap_err(), expected);
        }
    }

    #[test]
    fn what_cannot_be_written_is_an_error() {
        let error = |turns| write(&Dialogue::new(turns)).unwrap_err();
        let turn = |role| Turn::said(role, "x");
        let mut thinks = turn(Role::User);
        thinks.say(TextKind::Reasoning, "t");
        let text_call = Call { id: None, name: "f".into(), arguments: Some("[]".into()) };
        for (turns, expected) in [
            (vec![turn(Role::User), turn(Role::System)], "message 2: the system speaks after others"),
            (vec![turn(Role::Tool)], "message 1: it is the result of a tool that was not called"),
            (
                vec![
                    Turn {
                        calls: vec![Call { arguments: None, ..text_call.clone() }],
                        ..Turn::new(Role::Assistant)
                    },
                    Turn { name: Some("g".into()), ..turn(Role::Tool) },
                ],
                "message 2: the result is of another tool than its call",
            ),
            (vec![thinks], "message 1: it has what the model thinks, and is no answer"),
            (vec![Turn { name: Some("n".into()), ..turn(Role::User) }], "message 1: the speaker has a name"),
            (
                vec![Turn { calls: vec![text_call], ..Turn::new(Role::Assistant) }],
                "message 1: the arguments of a call are no object",
            ),
        ] {
            assert_eq!(error(turns), expected);
        }
    }
}
