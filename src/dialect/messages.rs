//! Lists of messages: `role` and `content`, or `from` and `value`.

use std::borrow::Cow;

use super::calls::{self, CALL};
use super::cell::Cell;
use super::dialogue::{Role, TextKind, Turn};
use super::misfit::Misfit;
use crate::json::{Json, Kind, excerpt};

/// The keys that messages have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// `role` and `content`.
    Role,
    /// `from` and `value`.
    From,
    /// Either.
    Both,
}

/// What the content of a message may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Text.
    Text,
    /// Text, or a list of parts that hold text and calls.
    Parts,
    /// The same, and parts that hold images, sound and video, which are skipped.
    Media,
}

/// What a dialect accepts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Messages {
    pub(super) keys: Keys,
    pub(super) content: Content,
}

const LIST: &str = "a list of messages";
const TEXT: &str = "text";

/// The turns of a list, and whether a message has a list of parts.
#[derive(Debug, Default)]
pub(super) struct Read<'a> {
    pub(super) turns: Vec<Turn<'a>>,
    /// Whether a message has its content in parts.
    pub(super) in_parts: bool,
    /// Whether a part holds an image, sound or video.
    pub(super) has_media: bool,
}

impl Messages {
    /// Reads a part that is a list of messages.
    pub(super) fn list<'r>(&self, part: &'static str, cell: &'r Cell<'_>) -> Result<Read<'r>, Misfit> {
        if let Some(elements) = cell.elements() {
            return self.elements(part, elements);
        }
        match cell.nested() {
            Some(json) => self.values(part, json),
            None => Err(Misfit::of(part, cell, LIST)),
        }
    }

    /// Reads a JSON value that is a list of messages.
    pub(super) fn values<'a>(&self, part: &'static str, list: Json<'a>) -> Result<Read<'a>, Misfit> {
        self.elements(part, list.elements().ok_or_else(|| Misfit::new(part, list.describe(), LIST))?)
    }

    fn elements<'a>(&self, part: &'static str, elements: Vec<Json<'a>>) -> Result<Read<'a>, Misfit> {
        if elements.is_empty() {
            return Err(Misfit::new(part, "an empty list", LIST));
        }
        let mut read = Read::default();
        for (i, message) in elements.into_iter().enumerate() {
            let turn = self.message(message, &mut read);
            let turn = turn.map_err(|(found, expected)| Misfit::new(part, found, expected).in_turn(i))?;
            read.turns.push(turn);
        }
        Ok(read)
    }

    /// Reads a part that is a list of messages, or one message.
    pub(super) fn list_or_one<'r>(&self, part: &'static str, cell: &'r Cell<'_>) -> Result<Read<'r>, Misfit> {
        match cell.nested() {
            Some(json) => self.one_or_several(part, json),
            None => self.list(part, cell),
        }
    }

    /// Reads a JSON value that is a list of messages, or one message.
    pub(super) fn one_or_several<'a>(
        &self,
        part: &'static str,
        message: Json<'a>,
    ) -> Result<Read<'a>, Misfit> {
        if message.kind != Kind::Object {
            return self.values(part, message);
        }
        let mut read = Read::default();
        let turn = self.message(message, &mut read);
        read.turns.push(turn.map_err(|(found, expected)| Misfit::new(part, found, expected))?);
        Ok(read)
    }

    fn message<'a>(&self, message: Json<'a>, read: &mut Read<'a>) -> Result<Turn<'a>, Wrong> {
        let missing = |expected| move || (format!("a message without it ({})", message.describe()), expected);
        let Some(fields) = Fields::of(message) else {
            return Err((message.describe(), "a message, an object"));
        };
        let (role, from) = (fields.role, fields.from);
        let from_value = match self.keys {
            Keys::Role => false,
            Keys::From => true,
            Keys::Both => role.is_none() && from.is_some(),
        };
        if from_value {
            let role = from.ok_or_else(missing("the key `from`"))?;
            return self.shared_message(role, &fields);
        }
        let role = role.ok_or_else(missing("the key `role`"))?;
        let turn = self.chat_message(role, &fields, read)?;
        Ok(Turn { given: fields.is_openai().then_some(message.text), ..turn })
    }

    fn shared_message<'a>(&self, from: Json<'a>, fields: &Fields<'a>) -> Result<Turn<'a>, Wrong> {
        const ROLES: &str = "human, gpt, system, function_call, observation or tool";
        let Some((role, is_call)) = from.string().as_deref().and_then(shared_role) else {
            return Err((format!("the role {}", excerpt(from.text)), ROLES));
        };
        let value = fields.value.ok_or_else(|| ("a message without a value".to_string(), TEXT))?;
        let text = value.string().ok_or_else(|| (value.describe(), TEXT))?;
        let mut turn = Turn::new(role);
        if is_call {
            turn.calls = calls::of_text(text).ok_or_else(|| (value.describe(), CALL))?;
        } else {
            turn.say(TextKind::Text, text);
        }
        turn.weight = fields.weight()?;
        Ok(turn)
    }

    fn chat_message<'a>(
        &self,
        role: Json<'a>,
        fields: &Fields<'a>,
        read: &mut Read<'a>,
    ) -> Result<Turn<'a>, Wrong> {
        const ROLES: &str = "system, developer, user, assistant, tool or function";
        let Some(role) = role.string().as_deref().and_then(chat_role) else {
            return Err((format!("the role {}", excerpt(role.text)), ROLES));
        };
        let mut turn = Turn::new(role);
        if let Some(text) = fields.reasoning.and_then(Json::string) {
            turn.say(TextKind::Reasoning, text);
        }
        (turn.name, turn.call_id) =
            (fields.name.and_then(Json::string), fields.call_id.and_then(Json::string));
        if let Some(list) = fields.tool_calls {
            turn.calls = calls::of_list(list).map_err(|found| (format!("in tool_calls {found}"), CALL))?;
        }
        if let Some(call) = fields.function_call {
            let call = calls::of_object(call)
                .ok_or_else(|| (format!("in function_call {}", call.describe()), CALL))?;
            turn.calls.push(call);
        }
        match fields.content {
            None if turn.calls.is_empty() => return Err(("a message without content".into(), TEXT)),
            None => {}
            Some(content) if content.kind == Kind::Array && self.content != Content::Text => {
                read.in_parts = true;
                self.parts(content, &mut turn, read)?;
            }
            Some(content) => {
                turn.say(TextKind::Text, content.string().ok_or_else(|| (content.describe(), TEXT))?)
            }
        }
        turn.weight = fields.weight()?;
        Ok(turn)
    }

    fn parts<'a>(&self, content: Json<'a>, turn: &mut Turn<'a>, read: &mut Read<'a>) -> Result<(), Wrong> {
        const PART: &str = "a part of text, reasoning or a tool call";
        for part in content.elements().unwrap_or_default() {
            if let Some(text) = part.string() {
                turn.say(TextKind::Text, text);
                continue;
            }
            let fields = part.fields(["type", "text", "value", "content", "reasoning", "thinking"]);
            let [kind, text, value, content, reasoning, thinking] =
                fields.ok_or_else(|| (part.describe(), PART))?;
            let text = text.or(value).or(content).or(reasoning).or(thinking);
            let string = || -> Result<Cow<'a, str>, Wrong> {
                let found = || text.map_or_else(|| part.describe(), Json::describe);
                text.and_then(Json::string).ok_or_else(|| (format!("in a part {}", found()), TEXT))
            };
            match kind.and_then(Json::string).as_deref() {
                Some(
                    "text" | "input_text" | "output_text" | "refusal" | "tool_result" | "tool_response"
                    | "observation",
                ) => {
                    turn.say(TextKind::Text, string()?);
                }
                Some("reasoning" | "thinking" | "think" | "thought") => {
                    turn.say(TextKind::Reasoning, string()?)
                }
                Some("tool_call" | "tool_use" | "function_call" | "tool") => {
                    let held = text.and_then(Json::string).and_then(calls::of_text);
                    let object = || Some(vec![calls::of_object(text.unwrap_or(part))?]);
                    let calls = held
                        .or_else(object)
                        .ok_or_else(|| (format!("in a part {}", part.describe()), CALL))?;
                    turn.calls.extend(calls);
                }
                Some(kind) if is_media(kind) && self.content == Content::Media => read.has_media = true,
                Some(kind) => return Err((format!("a part of type `{kind}`"), PART)),
                None => return Err((format!("a part without a type ({})", part.describe()), PART)),
            }
        }
        Ok(())
    }
}

/// The role of a message of `role` and `content`, by its name there.
pub(super) fn chat_role(name: &str) -> Option<Role> {
    Some(match name {
        "system" => Role::System,
        "developer" => Role::Developer,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" | "function" => Role::Tool,
        _ => return None,
    })
}

/// The role of a message of `from` and `value`, by its name there, and whether the value is a call of a tool.
pub(super) fn shared_role(name: &str) -> Option<(Role, bool)> {
    Some(match name {
        "human" | "user" => (Role::User, false),
        "gpt" | "assistant" | "chatgpt" | "bot" | "model" | "bing" | "bard" => (Role::Assistant, false),
        "system" => (Role::System, false),
        "function_call" | "tool_call" => (Role::Assistant, true),
        "observation" | "tool" | "function_response" | "tool_response" | "ipython" => (Role::Tool, false),
        _ => return None,
    })
}

/// What is wrong with a message: what was found, and what was expected.
type Wrong = (String, &'static str);

fn is_media(kind: &str) -> bool {
    ["image", "audio", "video", "file"].iter().any(|media| kind.contains(media))
}

/// The members of a message.
struct Fields<'a> {
    role: Option<Json<'a>>,
    content: Option<Json<'a>>,
    from: Option<Json<'a>>,
    value: Option<Json<'a>>,
    reasoning: Option<Json<'a>>,
    name: Option<Json<'a>>,
    tool_calls: Option<Json<'a>>,
    function_call: Option<Json<'a>>,
    call_id: Option<Json<'a>>,
    weight: Option<Json<'a>>,
}

impl<'a> Fields<'a> {
    /// None for what is no object.
    fn of(message: Json<'a>) -> Option<Self> {
        let names = [
            "role",
            "content",
            "from",
            "value",
            "reasoning_content",
            "reasoning",
            "thinking",
            "name",
            "tool_calls",
            "function_call",
            "tool_call_id",
            "weight",
            "loss_weight",
            "train",
            "loss",
        ];
        let [
            role,
            content,
            from,
            value,
            reasoning_content,
            reasoning,
            thinking,
            name,
            tool_calls,
            function_call,
            call_id,
            weights @ ..,
        ] = message.fields(names)?;
        let reasoning = reasoning_content.or(reasoning).or(thinking);
        let weight = weights.into_iter().flatten().next();
        Some(Fields {
            role,
            content,
            from,
            value,
            reasoning,
            name,
            tool_calls,
            function_call,
            call_id,
            weight,
        })
    }

    /// Whether content and calls are as OpenAI's API has them.
    fn is_openai(&self) -> bool {
        let has_function = |call: Json<'a>| {
            call.fields(["function"]).is_some_and(|[f]| f.is_some_and(|f| f.kind == Kind::Object))
        };
        let calls = self.tool_calls.and_then(Json::elements).unwrap_or_default();
        self.content.is_none_or(|content| content.kind == Kind::String)
            && self.function_call.is_none()
            && calls.into_iter().all(has_function)
    }

    /// The factor of the message in the loss.
    fn weight(&self) -> Result<Option<f64>, Wrong> {
        let Some(value) = self.weight else { return Ok(None) };
        let number = match value.text {
            "true" => Some(1.0),
            "false" => Some(0.0),
            _ => value.number().filter(|weight| *weight >= 0.0 && *weight <= f64::from(f32::MAX)),
        };
        number
            .map(Some)
            .ok_or_else(|| (format!("the weight {}", excerpt(value.text)), "a number from 0, true or false"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(messages: &Messages, json: &'static str) -> Result<Vec<(Role, String, usize)>, String> {
        let cell = Cell::from_json(json);
        let read = messages.list("messages", &cell).map_err(|e| e.to_string())?;
        let text =
            |turn: &Turn<'_>| turn.texts.iter().map(|said| said.text.as_ref()).collect::<Vec<_>>().join("|");
        Ok(read.turns.iter().map(|turn| (turn.role, text(turn), turn.calls.len())).collect())
    }

    const CHAT: Messages = Messages { keys: Keys::Role, content: Content::Text };
    const PARTS: Messages = Messages { keys: Keys::Role, content: Content::Parts };
    const SHARED: Messages = Messages { keys: Keys::From, content: Content::Text };

    #[test]
    fn messages_of_role_and_content() {
        let json = r#"[{"role":"developer","content":"d"},{"role":"assistant","content":null,"reasoning_content":"r",
            "tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"x"}]"#;
        assert_eq!(
            read(&CHAT, json).unwrap(),
            [
                (Role::Developer, "d".to_string(), 0),
                (Role::Assistant, "r".to_string(), 1),
                (Role::Tool, "x".to_string(), 0)
            ]
        );
        for (json, message) in [
            ("[]", "messages: found an empty list, expected a list of messages"),
            (r#""hello""#, "messages: found text (hello), expected a list of messages"),
            ("null", "messages: found null or nothing, expected a list of messages"),
            (
                r#"[{"role":"user","content":"a"},{"role":"user","content":7}]"#,
                "messages, turn 2: found an integer (7), expected text",
            ),
            (
                r#"[{"role":"robot","content":"a"}]"#,
                "messages, turn 1: found the role \"robot\", expected system, developer, user, assistant, tool or function",
            ),
            (r#"[{"role":"assistant"}]"#, "messages, turn 1: found a message without content, expected text"),
            (
                r#"[{"role":"user","content":[{"type":"text","text":"a"}]}]"#,
                "messages, turn 1: found an array ([{\"type\":\"text\",\"text\":\"a\"}]), expected text",
            ),
            (
                r#"[{"role":"user","content":"a","weight":-1}]"#,
                "messages, turn 1: found the weight -1, expected a number from 0, true or false",
            ),
        ] {
            assert_eq!(read(&CHAT, json).unwrap_err(), message);
        }
    }

    #[test]
    fn messages_of_parts() {
        let json = r#"[{"role":"user","content":[{"type":"text","value":"a"},{"type":"text","text":"b"}]},
            {"role":"assistant","content":[{"type":"reasoning","value":"r"},
            {"type":"tool_call","value":"{\"name\":\"f\",\"arguments\":{}}"}]}]"#;
        assert_eq!(
            read(&PARTS, json).unwrap(),
            [(Role::User, "a|b".to_string(), 0), (Role::Assistant, "r".to_string(), 1)]
        );
        let image = r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]"#;
        assert!(read(&PARTS, image).unwrap_err().contains("a part of type `image_url`"));
        let media = Messages { keys: Keys::Role, content: Content::Media };
        assert_eq!(read(&media, image).unwrap(), [(Role::User, String::new(), 0)]);
    }

    #[test]
    fn messages_of_from_and_value() {
        let json = r#"[{"from":"human","value":"a"},{"from":"function_call","value":"{\"name\":\"f\",\"arguments\":{}}"},
            {"from":"observation","value":"o"},{"from":"gpt","value":"b"}]"#;
        assert_eq!(
            read(&SHARED, json).unwrap(),
            [
                (Role::User, "a".to_string(), 0),
                (Role::Assistant, String::new(), 1),
                (Role::Tool, "o".to_string(), 0),
                (Role::Assistant, "b".to_string(), 0)
            ]
        );
        let bad = r#"[{"from":"function_call","value":"f(1)"}]"#;
        assert_eq!(
            read(&SHARED, bad).unwrap_err(),
            "messages, turn 1: found a string (\"f(1)\"), expected a call of a tool, an object with a name"
        );
    }
}
