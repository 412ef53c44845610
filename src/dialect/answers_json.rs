//! A row with preferences as conversations in the form of OpenAI's API: its prompt with each of its answers.

use std::borrow::Cow;

use super::cell::Row;
use super::conversation_json::{message, wrapped_tools};
use super::dialect::Dialect;
use super::dialogue::{Role, Turn};
use super::json_object::list_json;
use super::misfit::Misfit;
use crate::record::turns::Branch;

/// JSON of the conversations of a row with preferences.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AnswersJson<'r> {
    /// The number of messages of the prompt.
    pub(crate) prompt: usize,
    /// Each answer: its branch, and the list of the messages of the prompt and of the answer.
    pub(crate) conversations: Vec<(Branch, String)>,
    /// A list of tools, if the row has any.
    pub(crate) tools: Option<Cow<'r, str>>,
}

/// The conversations of a row of two answers, or of one answer with a label: a good answer is in the branch `Chosen`, a bad
/// one in `Rejected`.
///
/// # Errors
/// The row is not one of the dialect.
pub(crate) fn answers_json<'r>(dialect: &dyn Dialect, row: &'r Row<'_>) -> Result<AnswersJson<'r>, Misfit> {
    let dialogue = dialect.read(row)?;
    let json = |turn: &Turn<'_>| message(turn, dialect.between_texts());
    let in_branch = |branch: Branch| -> Vec<String> {
        dialogue.turns.iter().filter(|turn| turn.branch == branch).map(json).collect()
    };
    let mut prompt = in_branch(Branch::Main);
    let answers = match dialogue.label {
        None => {
            vec![(Branch::Chosen, in_branch(Branch::Chosen)), (Branch::Rejected, in_branch(Branch::Rejected))]
        }
        Some(label) => {
            let part = if row.has("messages") { "messages" } else { "completion" };
            let last = dialogue.turns.last().map(|turn| turn.role);
            let Some(answer) = prompt.pop().filter(|_| last == Some(Role::Assistant)) else {
                let found =
                    last.map_or("no turn".into(), |role| format!("a last turn of the role {}", role.name()));
                return Err(Misfit::new(part, found, "an answer of the assistant"));
            };
            vec![(if label { Branch::Chosen } else { Branch::Rejected }, vec![answer])]
        }
    };
    let whole = |(branch, answer): (Branch, Vec<String>)| {
        let messages: Vec<String> = prompt.iter().cloned().chain(answer).collect();
        (branch, list_json(&messages))
    };
    let conversations = answers.into_iter().map(whole).collect();
    Ok(AnswersJson { prompt: prompt.len(), conversations, tools: wrapped_tools(&dialogue) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::cell::Cell;
    use crate::dialect::find;

    fn read(dialect: &str, parts: &[(&'static str, &str)]) -> Result<AnswersJson<'static>, String> {
        let row = Row(parts.iter().map(|(part, json)| (*part, Cell::from_json(*json))).collect());
        let read = answers_json(find(dialect).unwrap(), &row).map_err(|misfit| misfit.to_string())?;
        Ok(AnswersJson { tools: read.tools.map(|tools| Cow::Owned(tools.into_owned())), ..read })
    }

    #[test]
    fn a_pair_is_two_conversations_of_one_prompt() {
        let read = read(
            "preference",
            &[
                ("prompt", "\"q\""),
                ("chosen", "\"a\""),
                ("rejected", "\"b\""),
                ("tools", r#""[{\"name\":\"f\"}]""#),
            ],
        )
        .unwrap();
        let whole = |answer: &str| {
            format!(r#"[{{"role":"user","content":"q"}},{{"role":"assistant","content":"{answer}"}}]"#)
        };
        assert_eq!(read.conversations, [(Branch::Chosen, whole("a")), (Branch::Rejected, whole("b"))]);
        assert_eq!((read.prompt, read.tools.unwrap().contains("\"f\"")), (1, true));
    }

    #[test]
    fn a_label_says_the_branch_of_the_last_answer() {
        let messages = |last: &str| {
            format!(
                r#"[{{"role":"user","content":"q"}},{{"role":"assistant","content":"a"}},{{"role":"{last}","content":"b"}}]"#
            )
        };
        let read_label =
            |last: &str, label: &str| read("kto", &[("messages", &messages(last)), ("label", label)]);
        let good = read_label("assistant", "true").unwrap();
        assert_eq!((good.prompt, good.conversations[0].0), (2, Branch::Chosen));
        assert_eq!(read_label("assistant", "false").unwrap().conversations[0].0, Branch::Rejected);
        assert_eq!(
            read_label("user", "true").unwrap_err(),
            "messages: found a last turn of the role user, expected an answer of the assistant"
        );
    }
}
