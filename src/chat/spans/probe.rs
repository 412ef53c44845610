//! Short conversations with calls and reasoning, by which it is learnt how a template prints them.

use super::provenance::{Provenance, origins};
use super::render::Render;
use crate::chat::{ChatFormat, Conversation};
use crate::template::Data;

/// The tool that is called.
const TOOLS: &str = r#"[{"type":"function","function":{"name":"count_legs","description":"Counts legs.","parameters":{"type":"object","properties":{"animal":{"type":"string","description":"The animal."}},"required":["animal"]}}}]"#;

const QUESTION: &str = r#"{"role":"user","content":"How many legs does a spider have?"}"#;

/// The members of a message with a call.
pub(super) const CALL: &str = r#""tool_calls":[{"type":"function","id":"call_0001","function":{"name":"count_legs","arguments":{"animal":"spider"}}}]"#;

const REPLY: &str =
    r#"{"role":"tool","name":"count_legs","tool_call_id":"call_0001","content":"There are eight."}"#;

/// Message 1 of this is an answer with these members.
fn with_answer(members: &str, rest: &str) -> Option<Conversation> {
    let messages = format!(r#"[{QUESTION},{{"role":"assistant",{members}}}{rest}]"#);
    Conversation::parse(&messages, Some(TOOLS)).ok()
}

/// Where the characters of an answer with these members come from, which is message 1; none if the template does not print
/// it so that all is known.
pub(super) fn answered(format: &ChatFormat, members: &str) -> Option<Provenance> {
    let conversation = with_answer(members, "")?;
    let render = Render { format, conversation: &conversation, prompt: false };
    origins(&render, &conversation.messages).ok().filter(|found| found.whole)
}

/// A question, a call, and the reply of the tool.
pub(super) fn replied() -> Option<(Conversation, Vec<Data>)> {
    let conversation = with_answer(&format!(r#""content":"",{CALL}"#), &format!(",{REPLY}"))?;
    let messages = conversation.messages.clone();
    Some((conversation, messages))
}
