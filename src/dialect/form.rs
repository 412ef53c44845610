//! How conversations are written for a provider or a trainer.

use super::dialogue::{Call, Dialogue, Role, Turn};
use super::form_blocks;
use super::form_parts::{BETWEEN_TEXTS, CallIds, Written, reasoning, texts, weight};
use super::json_object::{JsonObject, list_json, tool_json};
use crate::json::{Json, Kind};
use crate::record::turns::Branch;

/// How conversations are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Rows are preferences: an input and two outputs.
    pub is_pair: bool,
    /// Content is a list of blocks, and the messages of the system and the tools are beside the others. What is below
    /// does not count then.
    pub is_blocks: bool,
    /// There is a role for developers, beside that of the system.
    pub has_developers: bool,
    /// A message may have what the model thinks.
    pub has_reasoning: bool,
    /// A message of the assistant may have a weight of 0 or 1.
    pub has_weights: bool,
    /// Calls have ids, and their arguments are text. Otherwise ids are as in the data, and arguments are values.
    pub has_call_texts: bool,
}

impl Form {
    /// The names of the columns that are written.
    pub(crate) fn columns(self) -> &'static [&'static str] {
        match self {
            Form { is_pair: true, .. } => &["input", "preferred_output", "non_preferred_output"],
            Form { is_blocks: true, .. } => form_blocks::COLUMNS,
            _ => &["messages", "tools"],
        }
    }

    /// A dialogue as it is written.
    ///
    /// # Errors
    /// What it has that cannot be written; nothing is left out.
    pub fn write(self, dialogue: &Dialogue<'_>) -> Result<Written, String> {
        let is_pair = dialogue.turns.iter().any(|turn| turn.branch != Branch::Main);
        if is_pair != self.is_pair || dialogue.label.is_some() {
            let what = if self.is_pair { "no preference" } else { "no conversation" };
            return Err(format!("it is {what}"));
        }
        if self.is_blocks {
            return form_blocks::write(dialogue);
        }
        let tools = dialogue.tools.as_deref().map(written_tools).transpose()?.flatten();
        let mut ids = CallIds::new(dialogue, self.has_call_texts);
        let messages = self.messages(dialogue, Branch::Main, &mut ids)?;
        if !self.is_pair {
            return Ok(vec![("messages", Some(messages)), ("tools", tools)]);
        }
        let mut input = JsonObject::default();
        input.json("messages", &messages);
        if let Some(tools) = &tools {
            input.json("tools", tools);
        }
        let output = |branch| self.messages(dialogue, branch, &mut ids.clone());
        let (chosen, rejected) = (output(Branch::Chosen)?, output(Branch::Rejected)?);
        Ok(vec![
            ("input", Some(input.end())),
            ("preferred_output", Some(chosen)),
            ("non_preferred_output", Some(rejected)),
        ])
    }

    fn messages(self, dialogue: &Dialogue<'_>, branch: Branch, ids: &mut CallIds) -> Result<String, String> {
        let turns = (1..).zip(dialogue.turns.iter().filter(|turn| turn.branch == branch));
        let messages: Result<Vec<String>, String> = turns
            .map(|(number, turn)| self.message(turn, ids).map_err(|what| format!("message {number}: {what}")))
            .collect();
        Ok(list_json(&messages?))
    }

    /// A message whose content is a text.
    fn message(self, turn: &Turn<'_>, ids: &mut CallIds) -> Result<String, String> {
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
        if let Some(thought) = reasoning(turn) {
            if !self.has_reasoning {
                return Err("it has what the model thinks, for which there is no key".into());
            }
            message.text("reasoning_content", &thought);
        }
        if let Some(name) = &turn.name {
            message.text("name", name);
        }
        if !turn.calls.is_empty() {
            let written: Result<Vec<String>, String> =
                turn.calls.iter().map(|call| self.call(call, ids)).collect();
            message.json("tool_calls", &list_json(&written?));
        }
        if turn.role == Role::Tool
            && let Some(id) = ids.answered(turn.call_id.as_deref())?
        {
            message.text("tool_call_id", &id);
        }
        if let Some(weight) = weight(turn, self.has_weights)? {
            message.json("weight", weight);
        }
        Ok(message.end())
    }

    /// A call of a tool.
    fn call(self, call: &Call<'_>, ids: &mut CallIds) -> Result<String, String> {
        let arguments = call.arguments.as_deref().unwrap_or("{}");
        let mut function = JsonObject::default();
        function.text("name", &call.name);
        match self.has_call_texts {
            true => function.text("arguments", arguments),
            false if Json::parse(arguments).is_some_and(|json| json.kind == Kind::Object) => {
                function.json("arguments", arguments);
            }
            false => return Err("the arguments of a call are no object".into()),
        }
        let mut written = JsonObject::default();
        if let Some(id) = ids.called(call) {
            written.text("id", &id);
        }
        written.text("type", "function");
        written.json("function", &function.end());
        Ok(written.end())
    }
}

/// The tools as a list of functions; none if the list is empty.
fn written_tools(text: &str) -> Result<Option<String>, String> {
    let Some(elements) = Json::parse(text).and_then(Json::elements) else {
        return Err("its tools are no list".into());
    };
    let tools: Vec<String> = elements.into_iter().map(tool_json).collect();
    Ok((!tools.is_empty()).then(|| list_json(&tools)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::dialogue::TextKind;

    const TEXTS: Form = Form {
        is_pair: false,
        is_blocks: false,
        has_developers: false,
        has_reasoning: false,
        has_weights: true,
        has_call_texts: true,
    };
    const VALUES: Form = Form { has_reasoning: true, has_weights: false, has_call_texts: false, ..TEXTS };

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
            (TEXTS, turn(Role::User).within(Branch::Chosen), "it is no conversation"),
        ] {
            assert_eq!(error(form, turn), expected);
        }
        let tools = |text: &'static str| Dialogue { tools: Some(text.into()), ..Dialogue::new(Vec::new()) };
        assert_eq!(TEXTS.write(&tools("{}")).unwrap_err(), "its tools are no list");
    }
}
