//! How conversations are written for a provider or a trainer.

use std::collections::VecDeque;

use super::dialogue::{Call, Dialogue, Role, TextKind, Turn};
use super::json_object::{JsonObject, list_json, tool_json};
use crate::json::{Json, Kind};
use crate::record::turns::Branch;

/// How conversations are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// Rows are preferences: an input and two outputs.
    pub(crate) is_pair: bool,
    /// Content is a list of blocks, and the messages of the system are beside the others.
    pub(crate) is_blocks: bool,
    /// There is a role for developers, beside that of the system.
    pub(crate) has_developers: bool,
    /// A message may have what the model thinks.
    pub(crate) has_reasoning: bool,
    /// A message of the assistant may have a weight of 0 or 1.
    pub(crate) has_weights: bool,
    pub(crate) has_tools: bool,
    /// Calls have ids, and their arguments are text. Otherwise ids are as in the data, and arguments are values.
    pub(crate) has_call_texts: bool,
}

/// A row as it is written: the JSON of each column by its name.
pub(super) type Written = Vec<(&'static str, Option<String>)>;

/// The version of the format of blocks.
const VERSION: &str = "\"bedrock-conversation-2024\"";

/// Separates the texts of a message where its content is one text.
const BETWEEN_TEXTS: &str = "\n\n";

impl Form {
    /// The names of the columns that are written.
    pub(crate) fn columns(self) -> &'static [&'static str] {
        match self {
            Form { is_pair: true, .. } => &["input", "preferred_output", "non_preferred_output"],
            Form { is_blocks: true, .. } => &["schemaVersion", "system", "messages"],
            _ => &["messages", "tools"],
        }
    }

    /// A dialogue as it is written.
    ///
    /// # Errors
    /// What it has that cannot be written; nothing is left out.
    pub(super) fn write(self, dialogue: &Dialogue<'_>) -> Result<Written, String> {
        let is_pair = dialogue.turns.iter().any(|turn| turn.branch != Branch::Main);
        if is_pair != self.is_pair || dialogue.label.is_some() {
            let what = if self.is_pair { "no preference" } else { "no conversation" };
            return Err(format!("it is {what}"));
        }
        let tools = dialogue.tools.as_deref().map(written_tools).transpose()?.flatten();
        if tools.is_some() && !self.has_tools {
            return Err("it has tools".into());
        }
        let mut calls = Calls::new(dialogue, self.has_call_texts);
        let (system, messages) = self.messages(dialogue, Branch::Main, &mut calls)?;
        if self.is_blocks {
            let version = Some(VERSION.to_string());
            return Ok(vec![("schemaVersion", version), ("system", system), ("messages", Some(messages))]);
        }
        if !self.is_pair {
            return Ok(vec![("messages", Some(messages)), ("tools", tools)]);
        }
        let mut input = JsonObject::default();
        input.json("messages", &messages);
        if let Some(tools) = &tools {
            input.json("tools", tools);
        }
        let output =
            |branch| self.messages(dialogue, branch, &mut calls.clone()).map(|(_, messages)| messages);
        let (chosen, rejected) = (output(Branch::Chosen)?, output(Branch::Rejected)?);
        Ok(vec![
            ("input", Some(input.end())),
            ("preferred_output", Some(chosen)),
            ("non_preferred_output", Some(rejected)),
        ])
    }

    /// The messages of the system, where they are beside the others, and the messages.
    fn messages(
        self,
        dialogue: &Dialogue<'_>,
        branch: Branch,
        calls: &mut Calls,
    ) -> Result<(Option<String>, String), String> {
        let (mut system, mut messages) = (Vec::new(), Vec::new());
        for (number, turn) in (1..).zip(dialogue.turns.iter().filter(|turn| turn.branch == branch)) {
            let written = match self.is_blocks {
                true if matches!(turn.role, Role::System | Role::Developer) => match messages.is_empty() {
                    true => {
                        system.extend(texts(turn).map(block));
                        continue;
                    }
                    false => Err("the system speaks after others".to_string()),
                },
                true => self.blocks(turn),
                false => self.message(turn, calls),
            };
            messages.push(written.map_err(|what| format!("message {number}: {what}"))?);
        }
        Ok(((!system.is_empty()).then(|| list_json(&system)), list_json(&messages)))
    }

    /// A message whose content is a text.
    fn message(self, turn: &Turn<'_>, calls: &mut Calls) -> Result<String, String> {
        let role = match turn.role {
            Role::Developer if !self.has_developers => Role::System,
            role => role,
        };
        let mut message = JsonObject::default();
        message.text("role", role.name());
        let said: Vec<&str> = texts(turn).collect();
        if !said.is_empty() || turn.calls.is_empty() {
            message.text("content", &said.join(BETWEEN_TEXTS));
        }
        if let Some(thought) = self.reasoning(turn)? {
            message.text("reasoning_content", &thought);
        }
        if let Some(name) = &turn.name {
            message.text("name", name);
        }
        if !turn.calls.is_empty() {
            if !self.has_tools {
                return Err("it calls tools".into());
            }
            let written: Result<Vec<String>, String> =
                turn.calls.iter().map(|call| calls.call(call)).collect();
            message.json("tool_calls", &list_json(&written?));
        }
        if turn.role == Role::Tool {
            if !self.has_tools {
                return Err("it is the result of a tool".into());
            }
            if let Some(id) = calls.answered(turn.call_id.as_deref())? {
                message.text("tool_call_id", &id);
            }
        }
        if let Some(weight) = self.weight(turn)? {
            message.json("weight", weight);
        }
        Ok(message.end())
    }

    /// A message whose content is blocks.
    fn blocks(self, turn: &Turn<'_>) -> Result<String, String> {
        if !turn.calls.is_empty() || turn.role == Role::Tool {
            return Err("it calls tools, or is the result of one".into());
        }
        if turn.name.is_some() {
            return Err("the speaker has a name".into());
        }
        self.weight(turn)?;
        let mut blocks = Vec::new();
        if let Some(thought) = self.reasoning(turn)? {
            let mut text = JsonObject::default();
            text.text("text", &thought);
            blocks.push(format!("{{\"reasoningContent\":{{\"reasoningText\":{}}}}}", text.end()));
        }
        blocks.extend(texts(turn).map(block));
        let mut message = JsonObject::default();
        message.text("role", turn.role.name());
        message.json("content", &list_json(&blocks));
        Ok(message.end())
    }

    /// What the model thinks.
    fn reasoning(self, turn: &Turn<'_>) -> Result<Option<String>, String> {
        let thoughts = turn.texts.iter().filter(|said| said.kind == TextKind::Reasoning);
        let thoughts: Vec<&str> = thoughts.map(|said| said.text.as_ref()).collect();
        match thoughts.is_empty() {
            true => Ok(None),
            false if self.has_reasoning => Ok(Some(thoughts.join(BETWEEN_TEXTS))),
            false => Err("it has what the model thinks, for which there is no key".into()),
        }
    }

    /// The weight that is written. Where none can be, that of the turn must be what is trained without it.
    fn weight(self, turn: &Turn<'_>) -> Result<Option<&'static str>, String> {
        let Some(weight) = turn.weight else { return Ok(None) };
        let is_answer = turn.role == Role::Assistant;
        match (is_answer, weight) {
            (true, 1.0) if self.has_weights => Ok(Some("1")),
            (true, 0.0) if self.has_weights => Ok(Some("0")),
            (true, 1.0) | (false, 0.0) => Ok(None),
            (true, _) if self.has_weights => Err(format!("its weight {weight} is neither 0 nor 1")),
            (true, _) => Err(format!("its weight {weight} would be ignored")),
            (false, _) => Err(format!("its weight is {weight}, and only answers are trained")),
        }
    }
}

/// What is said in a turn.
fn texts<'t>(turn: &'t Turn<'_>) -> impl Iterator<Item = &'t str> {
    turn.texts.iter().filter(|said| said.kind == TextKind::Text).map(|said| said.text.as_ref())
}

fn block(text: &str) -> String {
    let mut block = JsonObject::default();
    block.text("text", text);
    block.end()
}

/// The tools as a list of functions; none if the list is empty.
fn written_tools(text: &str) -> Result<Option<String>, String> {
    let Some(elements) = Json::parse(text).and_then(Json::elements) else {
        return Err("its tools are no list".into());
    };
    let tools: Vec<String> = elements.into_iter().map(tool_json).collect();
    Ok((!tools.is_empty()).then(|| list_json(&tools)))
}

/// The calls of a dialogue: each has an id, and each result names one.
#[derive(Clone)]
struct Calls {
    has_texts: bool,
    /// The ids of the data.
    given: Vec<String>,
    made: usize,
    /// The ids of calls without a result.
    open: VecDeque<String>,
}

impl Calls {
    fn new(dialogue: &Dialogue<'_>, has_texts: bool) -> Self {
        let calls = dialogue.turns.iter().flat_map(|turn| &turn.calls);
        let given = calls.filter_map(|call| call.id.as_deref().map(String::from)).collect();
        Calls { has_texts, given, made: 0, open: VecDeque::new() }
    }

    /// A new id, of nine letters and digits.
    fn new_id(&mut self) -> String {
        loop {
            self.made += 1;
            let id = format!("call{:05}", self.made);
            if !self.given.contains(&id) {
                return id;
            }
        }
    }

    fn call(&mut self, call: &Call<'_>) -> Result<String, String> {
        let given = call.id.as_deref().map(String::from);
        let id = if given.is_none() && self.has_texts { Some(self.new_id()) } else { given };
        let arguments = call.arguments.as_deref().unwrap_or("{}");
        let mut function = JsonObject::default();
        function.text("name", &call.name);
        match self.has_texts {
            true => function.text("arguments", arguments),
            false if Json::parse(arguments).is_some_and(|json| json.kind == Kind::Object) => {
                function.json("arguments", arguments);
            }
            false => return Err("the arguments of a call are no object".into()),
        }
        let mut written = JsonObject::default();
        if let Some(id) = id {
            written.text("id", &id);
            self.open.push_back(id);
        }
        written.text("type", "function");
        written.json("function", &function.end());
        Ok(written.end())
    }

    /// The id of the call that a result answers: the one that it names, or else the first without a result.
    fn answered(&mut self, named: Option<&str>) -> Result<Option<String>, String> {
        let id = match named {
            Some(named) => Some(named.to_string()),
            None if self.has_texts => self.open.front().cloned(),
            None => return Ok(None),
        };
        let id = id.ok_or("it is the result of a tool that was not called")?;
        self.open.retain(|open| *open != id);
        Ok(Some(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::dialogue::Said;

    const TEXTS: Form = Form {
        is_pair: false,
        is_blocks: false,
        has_developers: false,
        has_reasoning: false,
        has_weights: true,
        has_tools: true,
        has_call_texts: true,
    };
    const VALUES: Form = Form { has_reasoning: true, has_weights: false, has_call_texts: false, ..TEXTS };
    const BLOCKS: Form = Form { is_blocks: true, has_tools: false, ..VALUES };

    fn dialogue() -> Dialogue<'static> {
        let call = |id: Option<&'static str>| Call {
            id: id.map(Into::into),
            name: "f".into(),
            arguments: Some("{\"a\": \"b\"}".into()),
        };
        let calls = vec![call(Some("call00001")), call(None)];
        let results = [Turn::said(Role::Tool, "1"), Turn::said(Role::Tool, "2")];
        let mut turns = vec![
            Turn::said(Role::Developer, "s"),
            Turn::said(Role::User, "q"),
            Turn { calls, ..Turn::new(Role::Assistant) },
        ];
        turns[1].say(TextKind::Text, "r");
        turns.extend(results);
        turns.push(Turn { weight: Some(1.0), ..Turn::said(Role::Assistant, "a\n") });
        Dialogue {
            tools: Some("[{\"name\":\"f\"},{\"function\":\n{\"name\":\"g\"}}]".into()),
            ..Dialogue::new(turns)
        }
    }

    #[test]
    fn calls_have_ids_and_results_name_them() {
        let value = |written: &Written, name: &str| {
            let (_, value) = written.iter().find(|(known, _)| *known == name).unwrap();
            value.clone()
        };
        let written = TEXTS.write(&dialogue()).unwrap();
        let call = |id: &str| {
            format!(
                r#"{{"id":"{id}","type":"function","function":{{"name":"f","arguments":"{{\"a\": \"b\"}}"}}}}"#
            )
        };
        let expected = [
            r#"{"role":"system","content":"s"}"#.to_string(),
            r#"{"role":"user","content":"q\n\nr"}"#.into(),
            format!(r#"{{"role":"assistant","tool_calls":[{},{}]}}"#, call("call00001"), call("call00002")),
            r#"{"role":"tool","content":"1","tool_call_id":"call00001"}"#.into(),
            r#"{"role":"tool","content":"2","tool_call_id":"call00002"}"#.into(),
            r#"{"role":"assistant","content":"a\n","weight":1}"#.into(),
        ];
        assert_eq!(value(&written, "messages").unwrap(), format!("[{}]", expected.join(",")));
        let tools = r#"[{"type":"function","function":{"name":"f"}},{"function": {"name":"g"}}]"#;
        assert_eq!(value(&written, "tools").as_deref(), Some(tools));
        let written = value(&VALUES.write(&dialogue()).unwrap(), "messages").unwrap();
        assert!(written.contains(r#"[{"id":"call00001","type":"function","function":{"name":"f","arguments":{"a": "b"}}},{"type""#), "{written}");
        assert!(written.contains(r#"{"role":"tool","content":"1"}"#) && !written.contains("weight"));
    }

    #[test]
    fn blocks_have_the_system_beside_the_messages() {
        let mut answer = Turn::said(Role::Assistant, "a");
        answer.texts.insert(0, Said { kind: TextKind::Reasoning, text: "t".into() });
        let turns = vec![Turn::said(Role::System, "s"), Turn::said(Role::User, "q"), answer];
        let written = BLOCKS.write(&Dialogue::new(turns)).unwrap();
        assert_eq!(written[1], ("system", Some(r#"[{"text":"s"}]"#.into())));
        assert_eq!(
            written[2].1.as_deref().unwrap(),
            r#"[{"role":"user","content":[{"text":"q"}]},{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"t"}}},{"text":"a"}]}]"#
        );
    }

    #[test]
    fn preferences_have_an_input_and_two_outputs() {
        let form = Form { is_pair: true, ..TEXTS };
        let said = |text: &'static str, branch| Turn::said(Role::Assistant, text).within(branch);
        let turns =
            vec![Turn::said(Role::User, "q"), said("good", Branch::Chosen), said("bad", Branch::Rejected)];
        let tools = Some("[{\"function\":{}}]".into());
        let written = form.write(&Dialogue { tools, ..Dialogue::new(turns) }).unwrap();
        let input = r#"{"messages":[{"role":"user","content":"q"}],"tools":[{"function":{}}]}"#;
        let output = |text: &str| Some(format!(r#"[{{"role":"assistant","content":"{text}"}}]"#));
        assert_eq!(
            written,
            [
                ("input", Some(input.to_string())),
                ("preferred_output", output("good")),
                ("non_preferred_output", output("bad")),
            ]
        );
        let chat = Dialogue::new(vec![Turn::said(Role::User, "q")]);
        assert_eq!(form.write(&chat).unwrap_err(), "it is no preference");
    }

    #[test]
    fn what_cannot_be_written_is_an_error() {
        let turn = |role| Turn::said(role, "x");
        let weighted = |role, weight| Turn { weight: Some(weight), ..turn(role) };
        let thinks = || {
            let mut turn = Turn::new(Role::Assistant);
            turn.say(TextKind::Reasoning, "t");
            turn
        };
        let error = |form: Form, turn: Turn<'static>| form.write(&Dialogue::new(vec![turn])).unwrap_err();
        for (form, turn, expected) in [
            (TEXTS, thinks(), "message 1: it has what the model thinks, for which there is no key"),
            (TEXTS, weighted(Role::Assistant, 0.5), "message 1: its weight 0.5 is neither 0 nor 1"),
            (VALUES, weighted(Role::Assistant, 0.0), "message 1: its weight 0 would be ignored"),
            (TEXTS, weighted(Role::User, 1.0), "message 1: its weight is 1, and only answers are trained"),
            (TEXTS, turn(Role::Tool), "message 1: it is the result of a tool that was not called"),
            (BLOCKS, turn(Role::Tool), "message 1: it calls tools, or is the result of one"),
            (TEXTS, turn(Role::User).within(Branch::Chosen), "it is no conversation"),
        ] {
            assert_eq!(error(form, turn), expected);
        }
        let late = Dialogue::new(vec![turn(Role::User), turn(Role::System)]);
        assert_eq!(BLOCKS.write(&late).unwrap_err(), "message 2: the system speaks after others");
        let tools = |text: &'static str| Dialogue { tools: Some(text.into()), ..Dialogue::new(Vec::new()) };
        assert_eq!(TEXTS.write(&tools("{}")).unwrap_err(), "its tools are no list");
        assert_eq!(BLOCKS.write(&tools("[1]")).unwrap_err(), "it has tools");
        assert_eq!(BLOCKS.write(&tools("[]")).unwrap().len(), 3);
    }
}
