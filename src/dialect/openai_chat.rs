//! `openai_chat`: messages of `role` and `content`, as OpenAI, Azure and most trainers take them.

use super::cell::Row;
use super::dialect::{Dialect, Holds, PartSpec, Verdict};
use super::dialogue::Dialogue;
use super::doubts::one_answer;
use super::head::Head;
use super::messages::{Content, Keys, Messages};
use super::misfit::Misfit;
use super::part_columns::PartColumns;
use super::tools;

/// Messages of `role` and `content`.
pub(super) struct OpenAiChat;

/// The names of columns of messages.
pub(super) const MESSAGES: &[&str] =
    &["messages", "conversations", "conversation", "dialogue", "dialog", "chat", "turns"];

const PARTS: &[PartSpec] = &[
    PartSpec::required("messages", Holds::Any, MESSAGES),
    PartSpec::optional(tools::TOOLS, Holds::Any, tools::COLUMNS),
];

impl Dialect for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai_chat"
    }

    fn title(&self) -> &'static str {
        "messages of role and content"
    }

    fn parts(&self) -> &'static [PartSpec] {
        PARTS
    }

    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Dialogue<'r>, Misfit> {
        let messages = Messages { keys: Keys::Role, content: Content::Text };
        let read = messages.list("messages", row.get("messages"))?;
        Ok(Dialogue { tools: tools::read(row)?, ..Dialogue::new(read.turns) })
    }

    fn openai_messages(&self) -> Option<&'static str> {
        Some("messages")
    }

    fn judge(&self, head: &Head, columns: &PartColumns) -> Verdict {
        one_answer(head, columns)
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::testing::{name_of, read};

    #[test]
    fn messages_with_tools_and_weights() {
        let row = r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"q"},
            {"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}],"weight":0},
            {"role":"tool","tool_call_id":"1","content":"r"},{"role":"assistant","content":"a","weight":1}],
            "tools":[{"type":"function"}],"parallel_tool_calls":false}"#;
        assert_eq!(name_of(&[row]), "openai_chat messages=messages tools=tools");
        assert_eq!(
            read("openai_chat", row).unwrap(),
            [
                "system: s",
                "user: q",
                "assistant, calls f({}), weight 0",
                "tool: r",
                "assistant: a, weight 1",
                "tools [{\"type\":\"function\"}]"
            ]
        );
    }

    #[test]
    fn the_column_may_have_another_name_or_hold_json_as_text() {
        let row = r#"{"conversations":[{"role":"user","content":"q"}]}"#;
        assert_eq!(name_of(&[row]), "openai_chat messages=conversations");
        let row = r#"{"messages":"[{\"role\":\"user\",\"content\":\"q\"}]"}"#;
        assert_eq!(name_of(&[row]), "openai_chat messages=messages");
        assert_eq!(read("openai_chat", row).unwrap(), ["user: q"]);
    }

    #[test]
    fn tools_must_be_json() {
        let row = r#"{"messages":[{"role":"user","content":"q"}],"tools":"f(x)"}"#;
        let message = "tools: found text (f(x)), expected a list of tools, as JSON";
        assert_eq!(read("openai_chat", row).unwrap_err(), message);
    }
}
