//! `chat_parts`: messages whose content is a list of parts: text, reasoning and calls of tools.

use super::cell::Row;
use super::dialect::{Dialect, Holds, PartSpec, Verdict};
use super::dialogue::Dialogue;
use super::doubts::one_answer;
use super::head::Head;
use super::messages::{Content, Keys, Messages};
use super::misfit::Misfit;
use super::openai_chat::MESSAGES;
use super::part_columns::PartColumns;
use super::tools;

/// Messages whose content is a list of parts.
pub(super) struct ChatParts;

const PARTS: &[PartSpec] = &[
    PartSpec::required("messages", Holds::Any, MESSAGES),
    PartSpec::optional(tools::TOOLS, Holds::Any, tools::COLUMNS),
];

impl Dialect for ChatParts {
    fn name(&self) -> &'static str {
        "chat_parts"
    }

    fn title(&self) -> &'static str {
        "messages whose content is a list of parts"
    }

    fn parts(&self) -> &'static [PartSpec] {
        PARTS
    }

    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Dialogue<'r>, Misfit> {
        let messages = Messages { keys: Keys::Role, content: Content::Parts };
        let read = messages.list("messages", row.get("messages"))?;
        Ok(Dialogue { tools: tools::read(row)?, distinctive: read.in_parts, ..Dialogue::new(read.turns) })
    }

    fn judge(&self, head: &Head, columns: &PartColumns) -> Verdict {
        one_answer(head, columns)
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::testing::{name_of, read};

    #[test]
    fn content_in_parts() {
        let row = r#"{"messages":[{"role":"user","content":[{"type":"text","value":"q"}],"loss_weight":0.0},
            {"role":"assistant","content":[{"type":"reasoning","value":"t"},{"type":"text","text":"a"},
            {"type":"tool_call","value":"{\"name\":\"f\",\"arguments\":{}}"}],"loss_weight":0.5}]}"#;
        assert_eq!(name_of(&[row]), "chat_parts messages=messages");
        assert_eq!(
            read("chat_parts", row).unwrap(),
            ["user: q, weight 0", "assistant, thinks t: a, calls f({}), weight 0.5"]
        );
    }

    #[test]
    fn messages_of_text_alone_are_not_in_parts() {
        let text = r#"{"messages":[{"role":"user","content":"q"}]}"#;
        let parts = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"q"}]}]}"#;
        assert_eq!(name_of(&[text]), "openai_chat messages=messages");
        assert_eq!(name_of(&[text, text, parts]), "chat_parts messages=messages");
    }
}
