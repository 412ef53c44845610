//! `chat_pairs`: a prompt and its completion, each a list of messages, as TRL takes them.

use super::cell::Row;
use super::dialect::{Dialect, Holds, PartSpec, Verdict};
use super::dialogue::{Dialogue, Role, Turn};
use super::doubts::one_answer;
use super::head::Head;
use super::messages::{Content, Keys, Messages};
use super::misfit::Misfit;
use super::part_columns::PartColumns;
use super::preference::check_answer;
use super::tools;

/// A prompt and its completion, each a list of messages.
pub(super) struct ChatPairs;

const PROMPT: &str = "prompt";
const COMPLETION: &str = "completion";
const PARTS: &[PartSpec] = &[
    PartSpec::required(PROMPT, Holds::Any, &["prompt"]),
    PartSpec::required(COMPLETION, Holds::Any, &["completion", "response"]),
    PartSpec::optional(tools::TOOLS, Holds::Any, tools::COLUMNS),
];
const MESSAGES: Messages = Messages { keys: Keys::Both, content: Content::Parts };

/// Reads the turns of the two lists.
pub(super) fn read_lists<'r>(row: &'r Row<'_>) -> Result<Vec<Turn<'r>>, Misfit> {
    let mut turns = MESSAGES.list(PROMPT, row.get(PROMPT))?.turns;
    // What the prompt holds is given, not learnt.
    for turn in turns.iter_mut().filter(|turn| turn.role == Role::Assistant) {
        turn.weight = turn.weight.or(Some(0.0));
    }
    let answer = MESSAGES.list_or_one(COMPLETION, row.get(COMPLETION))?.turns;
    check_answer(COMPLETION, &answer)?;
    turns.extend(answer);
    Ok(turns)
}

/// The number of messages of the completion; 1 where it is text.
pub(super) fn completion_len(row: &Row<'_>) -> usize {
    let cell = row.get(COMPLETION);
    cell.elements().filter(|_| cell.nested().is_some()).map_or(1, |messages| messages.len())
}

impl Dialect for ChatPairs {
    fn name(&self) -> &'static str {
        "chat_pairs"
    }

    fn title(&self) -> &'static str {
        "a prompt and its completion, each a list of messages"
    }

    fn parts(&self) -> &'static [PartSpec] {
        PARTS
    }

    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Dialogue<'r>, Misfit> {
        Ok(Dialogue { tools: tools::read(row)?, ..Dialogue::new(read_lists(row)?) })
    }

    fn judge(&self, head: &Head, columns: &PartColumns) -> Verdict {
        one_answer(head, columns)
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::testing::{name_of, read};

    const ROW: &str = r#"{"prompt":[{"role":"system","content":"s"},{"role":"user","content":"q"}],
        "completion":[{"role":"assistant","content":"a"}],"tools":[{"type":"function"}]}"#;

    #[test]
    fn two_lists_of_messages_are_one_dialogue() {
        assert_eq!(name_of(&[ROW]), "chat_pairs prompt=prompt completion=completion tools=tools");
        assert_eq!(
            read("chat_pairs", ROW).unwrap(),
            ["system: s", "user: q", "assistant: a", "tools [{\"type\":\"function\"}]"]
        );
    }

    #[test]
    fn the_completion_is_an_answer() {
        let row = ROW.replace(r#""role":"assistant""#, r#""role":"user""#);
        let message = "completion: found a last turn of the role user, expected an answer of the assistant";
        assert_eq!(read("chat_pairs", &row).unwrap_err(), message);
        let row = r#"{"prompt":[{"role":"user","content":"q"}],"completion":"a"}"#;
        assert!(read("chat_pairs", row).is_err());
        assert_eq!(name_of(&[row]), "unknown");
    }

    #[test]
    fn with_a_label_it_is_another_dialect() {
        let row = ROW.replace(r#""tools""#, r#""label":true,"tools""#);
        assert_eq!(name_of(&[&row]), "kto prompt=prompt completion=completion label=label tools=tools");
        assert_eq!(
            read("kto", &row).unwrap()[1..4],
            ["user: q", "assistant: a", "tools [{\"type\":\"function\"}]"]
        );
        let row = ROW.replace(r#""tools""#, r#""good":true,"tools""#);
        assert_eq!(name_of(&[row]), "unknown");
    }
}
