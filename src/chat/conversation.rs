//! A conversation: its messages as a template sees them, and its tools.

use std::borrow::Cow;
use std::sync::Arc;

use super::tool_arguments::ToolArguments;
use crate::error::{Class, Error, Result};
use crate::hash;
use crate::template::Data;

/// Messages and tools, in the form of OpenAI's API.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// The messages: objects without members that are null.
    pub(super) messages: Vec<Data>,
    /// The tools, or null.
    pub(super) tools: Data,
    /// Its own variables of the template: a list of an object, or null.
    pub(super) variables: Data,
    /// The bytes of its JSON.
    pub(super) bytes: usize,
}

/// The names that reasoning goes by; templates read the first, some the second.
pub(super) const REASONING: [&str; 3] = ["reasoning_content", "thinking", "reasoning"];

impl Conversation {
    /// Reads a JSON list of messages, and a JSON list of tools or null.
    ///
    /// # Errors
    /// `bad_messages`: it is not JSON, or the messages are not a list of objects with a role.
    pub fn parse(messages: &str, tools: Option<&str>) -> Result<Self> {
        let bytes = messages.len() + tools.map_or(0, str::len);
        let Data::List(messages) = Data::parse(messages)? else { return Err(wrong("are not a list")) };
        let messages = messages.into_iter().enumerate().map(|(i, message)| message_of(i, message));
        let tools = tools.map_or(Ok(Data::Null), Data::parse)?;
        if !matches!(tools, Data::Null | Data::List(_)) {
            return Err(Error::new(Class::Data, "bad_messages", "the tools are not a list"));
        }
        let messages = messages.collect::<Result<_>>()?;
        Ok(Conversation { messages, tools, variables: Data::Null, bytes })
    }

    /// The conversation with arguments of calls that are text as the JSON objects that the text holds. Text that holds
    /// something else stays.
    #[must_use]
    fn with_parsed_arguments(mut self) -> Self {
        for message in &mut self.messages {
            let Some(Data::List(calls)) = member(message, "tool_calls") else { continue };
            for call in calls {
                let Some(arguments) = member(call, "function").and_then(|f| member(f, "arguments")) else {
                    continue;
                };
                let object = arguments.text().and_then(|text| Data::parse(text).ok());
                if let Some(object @ Data::Map(_)) = object {
                    *arguments = object;
                }
            }
        }
        self
    }

    /// The conversation with arguments as the template sees them.
    #[must_use]
    pub(crate) fn with_arguments(self, arguments: ToolArguments) -> Self {
        match arguments {
            ToolArguments::Parse => self.with_parsed_arguments(),
            ToolArguments::Verbatim => self,
        }
    }

    /// The key of what comes before the first answer: the roles and the texts of its messages. Of a conversation that
    /// begins with an answer, all messages count.
    pub(crate) fn prompt_key(&self) -> u128 {
        let role = |message: &Data| message.get("role").and_then(Data::text).unwrap_or_default().to_string();
        let before = self.messages.iter().position(|message| role(message) == "assistant");
        let before = before.filter(|n| *n > 0).unwrap_or(self.messages.len());
        let fields = self.messages.iter().take(before).flat_map(|message| {
            let parts = match message.get("content") {
                Some(Data::List(parts)) => parts.as_slice(),
                Some(content) => std::slice::from_ref(content),
                None => &[],
            };
            let texts = parts.iter().filter_map(|part| part.text().or_else(|| part.get("text")?.text()));
            [role(message), texts.collect()]
        });
        hash::key(fields.map(|text| hash::field(Some(text.as_bytes()))))
    }
}

/// The member of an object, to change it.
fn member<'d>(data: &'d mut Data, name: &str) -> Option<&'d mut Data> {
    let Data::Map(members) = data else { return None };
    members.iter_mut().find(|(key, _)| &**key == name).map(|(_, value)| value)
}

#[cold]
fn wrong(what: &str) -> Error {
    Error::new(Class::Data, "bad_messages", format!("the messages {what}"))
        .help("give a list of objects with `role` and `content`")
}

/// A message as transformers takes it: without nulls.
fn message_of(i: usize, message: Data) -> Result<Data> {
    let Data::Map(mut members) = message else { return Err(wrong(&format!("hold something else at {i}"))) };
    members.retain(|(_, value)| *value != Data::Null);
    if !members.iter().any(|(name, value)| &**name == "role" && value.text().is_some()) {
        return Err(wrong(&format!("hold one without a role at {i}")));
    }
    Ok(Data::Map(members))
}

/// A message as a template sees it: with reasoning under the names that templates read.
pub(super) fn with_reasoning(message: &Data) -> Cow<'_, Data> {
    let named = |name: &str| message.get(name).cloned();
    let (Some(reasoning), Data::Map(members)) = (REASONING.iter().find_map(|name| named(name)), message)
    else {
        return Cow::Borrowed(message);
    };
    let mut members = members.clone();
    match members.iter_mut().find(|(name, _)| &**name == REASONING[0]) {
        Some((_, value)) => *value = reasoning.clone(),
        None => members.push((Arc::from(REASONING[0]), reasoning.clone())),
    }
    if !members.iter().any(|(name, _)| &**name == REASONING[1]) {
        members.insert(0, (Arc::from(REASONING[1]), reasoning));
    }
    Cow::Owned(Data::Map(members))
}

#[cfg(test)]
mod tests {
    use super::{Conversation, with_reasoning};

    #[test]
    fn prepares_messages_as_transformers_does() {
        let text =
            r#"[{"role":"assistant","content":null,"reasoning":"why"},{"role":"user","content":"hi"}]"#;
        let conversation = Conversation::parse(text, None).unwrap();
        let first = with_reasoning(&conversation.messages[0]);
        assert_eq!(first.get("thinking").unwrap().text(), Some("why"));
        assert_eq!(first.get("reasoning_content").unwrap().text(), Some("why"));
        assert!(first.get("content").is_none());
    }

    #[test]
    fn arguments_that_are_text_of_an_object_become_that_object() {
        let call = |arguments: &str| {
            let text = format!(
                r#"[{{"role":"assistant","tool_calls":[{{"function":{{"name":"f","arguments":{arguments}}}}}]}}]"#
            );
            let parsed = Conversation::parse(&text, None).unwrap().with_parsed_arguments();
            let call = &parsed.messages[0].get("tool_calls").unwrap().list().unwrap()[0];
            call.get("function").unwrap().get("arguments").unwrap().clone()
        };
        assert_eq!(call(r#""{\"a\": 1}""#), call(r#"{"a":1}"#));
        assert_eq!(call(r#""[1]""#).text(), Some("[1]"));
        assert_eq!(call(r#""{""#).text(), Some("{"));
    }

    #[test]
    fn the_key_is_of_what_is_before_the_first_answer() {
        let key = |messages: &str| Conversation::parse(messages, None).unwrap().prompt_key();
        let start = r#"[{"role":"system","content":"s"},{"role":"user","content":"q"}"#;
        let short = key(&format!("{start},{{\"role\":\"assistant\",\"content\":\"a\"}}]"));
        let long = format!(
            "{start},{{\"role\":\"assistant\",\"content\":\"b\"}},{{\"role\":\"user\",\"content\":\"r\"}}]"
        );
        assert_eq!(short, key(&long));
        assert_ne!(short, key(&long.replace("\"q\"", "\"p\"")));
        assert_eq!(short, key(&long.replace("\"q\"", r#"[{"type":"text","text":"q"}]"#)));
        let first = |text: &str| key(&format!(r#"[{{"role":"assistant","content":"{text}"}}]"#));
        assert_ne!(first("a"), first("b"));
    }

    #[test]
    fn refuses_what_are_no_messages() {
        for (messages, tools) in [("{}", None), ("[1]", None), ("[{}]", None), ("[]", Some("1")), ("[", None)]
        {
            assert_eq!(Conversation::parse(messages, tools).unwrap_err().code(), "bad_messages");
        }
    }
}
