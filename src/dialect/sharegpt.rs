//! `sharegpt`: messages of `from` and `value`.

use super::cell::Row;
use super::dialect::{Dialect, Holds, PartSpec, Verdict};
use super::dialogue::{Dialogue, Role, Turn};
use super::doubts::one_answer;
use super::head::Head;
use super::messages::{Content, Keys, Messages};
use super::misfit::Misfit;
use super::part_columns::PartColumns;
use super::tools;

/// Messages of `from` and `value`.
pub(super) struct ShareGpt;

const CONVERSATIONS: &str = "conversations";
const SYSTEM: &str = "system";
const PARTS: &[PartSpec] = &[
    PartSpec::required(
        CONVERSATIONS,
        Holds::Any,
        &["conversations", "conversation", "messages", "dialogue", "dialog", "chat", "turns"],
    ),
    PartSpec::optional(SYSTEM, Holds::Text, &["system", "system_prompt"]),
    PartSpec::optional(tools::TOOLS, Holds::Any, tools::COLUMNS),
];

impl Dialect for ShareGpt {
    fn name(&self) -> &'static str {
        "sharegpt"
    }

    fn title(&self) -> &'static str {
        "messages of from and value"
    }

    fn parts(&self) -> &'static [PartSpec] {
        PARTS
    }

    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Dialogue<'r>, Misfit> {
        let messages = Messages { keys: Keys::From, content: Content::Text };
        let mut turns = messages.list(CONVERSATIONS, row.get(CONVERSATIONS))?.turns;
        turns.splice(0..0, system(row)?);
        Ok(Dialogue { tools: tools::read(row)?, ..Dialogue::new(turns) })
    }

    fn judge(&self, head: &Head, columns: &PartColumns) -> Verdict {
        one_answer(head, columns)
    }
}

/// The turn of the column `system`; none if it is empty.
pub(super) fn system<'r>(row: &'r Row<'_>) -> Result<Option<Turn<'r>>, Misfit> {
    let cell = row.get(SYSTEM);
    if cell.is_null() {
        return Ok(None);
    }
    let text = cell.text().ok_or_else(|| Misfit::of(SYSTEM, cell, "text"))?;
    Ok((!text.is_empty()).then(|| Turn::said(Role::System, text)))
}

#[cfg(test)]
mod tests {
    use crate::dialect::testing::{name_of, read};

    #[test]
    fn conversations_with_system_and_tools() {
        let row = r#"{"conversations":[{"from":"human","value":"q"},
            {"from":"function_call","value":"{\"name\":\"f\",\"arguments\":{\"x\":1}}"},
            {"from":"observation","value":"r"},{"from":"gpt","value":"a"}],"system":"s","tools":"[{\"name\":\"f\"}]"}"#;
        assert_eq!(name_of(&[row]), "sharegpt conversations=conversations system=system tools=tools");
        assert_eq!(
            read("sharegpt", row).unwrap(),
            [
                "system: s",
                "user: q",
                "assistant, calls f({\"x\":1})",
                "tool: r",
                "assistant: a",
                "tools [{\"name\":\"f\"}]"
            ]
        );
    }

    #[test]
    fn unknown_roles_and_values_that_are_no_text_are_misfits() {
        let message = "conversations, turn 1: found the role \"alien\", expected human, gpt, system, function_call, observation or tool";
        assert_eq!(
            read("sharegpt", r#"{"conversations":[{"from":"alien","value":"q"}]}"#).unwrap_err(),
            message
        );
        let message = "conversations, turn 1: found null, expected text";
        let row = r#"{"conversations":[{"from":"human","value":null}]}"#;
        assert_ne!(read("sharegpt", row).unwrap_err(), message);
    }
}
