//! `openai_chat`: messages of `role` and `content`, as OpenAI, Azure and most trainers take them.

use super::cell::Row;
use super::dialect::{Dialect, Holds, PartSpec, Verdict};
use super::dialogue::Dialogue;
use super::doubts::one_answer;
use super::head::Head;
use super::messages::{Content, Keys, Messages};
use super::misfit::Misfit;
use super::part_columns::PartColumns;
use super::plain_messages::are_plain_messages;
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

    fn surely_reads(&self, row: &Row<'_>) -> bool {
        row.get("messages").nested_text().is_some_and(are_plain_messages) && tools::read(row).is_ok()
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
    fn rows_that_are_surely_read_are_read() {
        let dialect = crate::dialect::find("openai_chat").unwrap();
        let plain = [
            r#"{"role":"user","content":"a"}"#,
            r#" { "content" : "\u00e9\n" , "role" : "assistant" } "#,
            r#"{"role":"tool","content":""}"#,
        ];
        let others = [
            r#"{"role":"robot","content":"a"}"#,
            r#"{"role":"user","content":"\ud800"}"#,
            r#"{"role":"user","content":null}"#,
            r#"{"role":"user","content":7}"#,
            r#"{"role":"user","content":["a"]}"#,
            r#"{"role":"user"}"#,
            r#"{"content":"a"}"#,
            r#"{"role":"user","role":"robot","content":"a"}"#,
            r#"{"role":"user","content":"a","content":7}"#,
            r#"{"role":"user","content":"a","weight":"much"}"#,
            r#"{"rol\u0065":"user","content":"a"}"#,
            r#"{}"#,
            r#"[]"#,
            r#""a""#,
            "7",
        ];
        let mut surely = 0;
        for first in plain.iter().chain(&others) {
            for second in plain.iter().chain(&others) {
                let are_plain = plain.contains(first) && plain.contains(second);
                let lists = [
                    (format!("[{first},{second}]"), are_plain),
                    (format!(" [{first} ]\n"), plain.contains(first)),
                    (format!("[[{first}]]"), false),
                    (format!("[{first}]]"), false),
                    ((*first).to_string(), false),
                    ("[]".to_string(), false),
                ];
                for (list, is_plain) in lists {
                    for (tools, are_tools) in [("null", true), ("[]", true), ("\"f(x)\"", false)] {
                        let cell = |text: &str| crate::dialect::Cell::from_json(text.to_string());
                        let row =
                            crate::dialect::Row(vec![("messages", cell(&list)), ("tools", cell(tools))]);
                        let sure = dialect.surely_reads(&row);
                        assert_eq!(sure, is_plain && are_tools, "{list} {tools}");
                        assert!(!sure || dialect.read(&row).is_ok(), "{list} {tools}");
                        surely += usize::from(sure);
                    }
                }
            }
        }
        assert!(surely > 20, "{surely}");
    }

    #[test]
    fn tools_must_be_json() {
        let row = r#"{"messages":[{"role":"user","content":"q"}],"tools":"f(x)"}"#;
        let message = "tools: found text (f(x)), expected a list of tools, as JSON";
        assert_eq!(read("openai_chat", row).unwrap_err(), message);
    }
}
