//! What is about the messages of a row.

use super::row::{Members, Message, value};
use super::rule::Rule;
use super::tool_checks;
use crate::json::{Json, Kind, excerpt};

const SYSTEM: &str = "system";
const USER: &str = "user";
const ASSISTANT: &str = "assistant";

/// How the messages of a row with these members break a rule; there is at least one.
pub(super) fn breach(rule: Rule, messages: &[Message<'_>], members: &Members<'_>) -> Option<String> {
    let first = |check: fn(&Message<'_>) -> Option<String>| {
        messages.iter().find_map(|message| check(message).map(|what| message.says(what)))
    };
    match rule {
        Rule::MessageKeys(known) => messages.iter().find_map(|message| {
            let (key, _) = message.members.iter().find(|(key, _)| !known.contains(&key.as_ref()))?;
            Some(message.says(format!("`{}`", excerpt(key))))
        }),
        Rule::Roles(known) => messages.iter().find(|m| !known.contains(&m.role.as_ref())).map(says_role),
        Rule::DoubtfulRoles(doubtful) => {
            messages.iter().find(|m| doubtful.contains(&m.role.as_ref())).map(says_role)
        }
        Rule::SystemFirst => messages.iter().skip(1).find(|m| m.role == SYSTEM).map(says_role),
        Rule::OneSystem => messages.iter().filter(|m| m.role == SYSTEM).nth(1).map(says_role),
        Rule::UserFirst => {
            let after_system = usize::from(messages.first().is_some_and(|m| m.role == SYSTEM));
            match messages.get(after_system) {
                Some(message) => (message.role != USER).then(|| says_role(message)),
                None => Some("there is no message of the user".into()),
            }
        }
        Rule::Turns => messages.windows(2).find_map(|pair| {
            let same = pair[0].role == pair[1].role && [USER, ASSISTANT].contains(&pair[1].role.as_ref());
            same.then(|| pair[1].says(format!("`{0}` after `{0}`", pair[1].role)))
        }),
        Rule::Answer => (!messages.iter().any(|m| m.role == ASSISTANT)).then(|| "there is none".into()),
        Rule::AnswerLast => messages.last().filter(|m| m.role != ASSISTANT).map(says_role),
        Rule::Content => first(no_content),
        Rule::TextContent => first(|m| wrong(m.get("content")?, |content| content.kind == Kind::String)),
        Rule::PartsContent => first(|m| wrong(m.get("content")?, is_text_or_parts)),
        Rule::BlocksContent => first(|m| wrong(m.get("content")?, is_blocks)),
        Rule::NotBlank => first(|m| {
            let text = m.get("content")?.string()?;
            text.trim().is_empty().then(|| "blank".into())
        }),
        Rule::Weight => first(|m| wrong(m.get("weight")?, |weight| matches!(weight.text, "0" | "1"))),
        Rule::NoWeight => {
            first(|m| m.get("weight").map(|weight| format!("`weight` {}", excerpt(weight.text))))
        }
        Rule::Calls => first(tool_checks::calls),
        Rule::CallIds => first(|m| {
            let has_id = m.get("tool_call_id").is_some_and(|id| id.kind == Kind::String);
            (m.role == "tool" && !has_id).then(|| "it has none".into())
        }),
        Rule::Reserved(words) => reserved(words, messages, members),
        _ => None,
    }
}

fn says_role(message: &Message<'_>) -> String {
    message.says(format!("`{}`", excerpt(&message.role)))
}

fn wrong(value: Json<'_>, fits: impl Fn(Json<'_>) -> bool) -> Option<String> {
    (!fits(value)).then(|| value.describe())
}

fn no_content(message: &Message<'_>) -> Option<String> {
    let is_empty = |content: Json<'_>| content.elements().is_some_and(|parts| parts.is_empty());
    let has_content = message.get("content").is_some_and(|content| !is_empty(content));
    let calls = ["tool_calls", "function_call"].iter().any(|key| message.get(key).is_some());
    (!has_content && !calls).then(|| format!("`{}` without content", excerpt(&message.role)))
}

fn is_text_or_parts(content: Json<'_>) -> bool {
    let is_part = |part: &Json<'_>| {
        part.fields(["type"]).is_some_and(|[kind]| kind.is_some_and(|kind| kind.kind == Kind::String))
    };
    content.kind == Kind::String || content.elements().is_some_and(|parts| parts.iter().all(is_part))
}

fn is_blocks(content: Json<'_>) -> bool {
    content.elements().is_some_and(|blocks| blocks.iter().all(|block| block.kind == Kind::Object))
}

/// The first of these words that a message of the user, or the system beside the messages, holds.
fn reserved(words: &[&str], messages: &[Message<'_>], members: &Members<'_>) -> Option<String> {
    let held = |blocks: Option<Json<'_>>| {
        let texts = blocks?.elements()?.into_iter().filter_map(|block| block.fields(["text"])?[0]?.string());
        let mut held = texts.filter_map(|text| words.iter().find(|word| text.contains(**word)));
        held.next()
    };
    if let Some(word) = held(value(members, SYSTEM)) {
        return Some(format!("`system`: `{word}`"));
    }
    let mut by_user = messages.iter().filter(|message| message.role == USER);
    by_user.find_map(|message| Some(message.says(format!("`{}`", held(message.get("content"))?))))
}
