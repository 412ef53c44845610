//! A row with preferences as conversations in the form of OpenAI's API: its prompt with each of its answers.

use std::borrow::Cow;

use super::cell::Row;
use super::chat_pairs::completion_len;
use super::conversation_json::{as_list, message, wrapped_tools};
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
/// one in `Rejected`. Messages in the form of OpenAI's API stay as they are; where all have it, so do their tools.
///
/// # Errors
/// The row is not one of the dialect; an answer does not end in a turn of the assistant, or it would go on with one of the
/// prompt.
pub(crate) fn answers_json<'r>(dialect: &dyn Dialect, row: &'r Row<'_>) -> Result<AnswersJson<'r>, Misfit> {
    let dialogue = dialect.read(row)?;
    let in_branch = |branch: Branch| -> Vec<&Turn<'_>> {
        dialogue.turns.iter().filter(|turn| turn.branch == branch).collect()
    };
    let mut prompt = in_branch(Branch::Main);
    let answers = match dialogue.label {
        None => {
            vec![(Branch::Chosen, in_branch(Branch::Chosen)), (Branch::Rejected, in_branch(Branch::Rejected))]
        }
        Some(label) => {
            let answer = prompt.split_off(prompt.len().saturating_sub(answer_len(row)));
            vec![(if label { Branch::Chosen } else { Branch::Rejected }, answer)]
        }
    };
    // A list of messages may have two turns of the assistant in a row.
    let is_apart = ["prompt", "preferred_output"].iter().any(|part| row.has(part));
    for (branch, answer) in &answers {
        check(if is_apart { &prompt } else { &[] }, answer).map_err(|(found, expected)| {
            let part = match (dialogue.label, branch) {
                (None, Branch::Rejected) => "rejected",
                (None, _) => "chosen",
                (Some(_), _) if row.has("messages") => "messages",
                (Some(_), _) => "completion",
            };
            Misfit::new(part, found, expected)
        })?;
    }
    let json = |turn: &&Turn<'_>| match turn.given {
        Some(given) => given.to_string(),
        None => message(turn, dialect.between_texts()),
    };
    let whole = |(branch, answer): &(Branch, Vec<&Turn<'_>>)| {
        let messages: Vec<String> = prompt.iter().chain(answer).map(json).collect();
        (*branch, list_json(&messages))
    };
    let conversations = answers.iter().map(whole).collect();
    let prompt = prompt.len();
    let tools = match dialogue.turns.iter().all(|turn| turn.given.is_some()) {
        true => dialogue.tools.map(as_list),
        false => wrapped_tools(&dialogue),
    };
    Ok(AnswersJson { prompt, conversations, tools })
}

/// The number of messages of the answer of a row with a label.
fn answer_len(row: &Row<'_>) -> usize {
    if row.has("messages") { 1 } else { completion_len(row) }
}

/// Checks an answer: what was found, and what was expected.
fn check(prompt: &[&Turn<'_>], answer: &[&Turn<'_>]) -> Result<(), (String, &'static str)> {
    let role = |turn: Option<&&Turn<'_>>| turn.map(|turn| turn.role);
    match role(answer.last()) {
        Some(Role::Assistant) => {}
        Some(role) => {
            let found = format!("a last turn of the role {}", role.name());
            return Err((found, "an answer of the assistant"));
        }
        None => return Err(("no turn".into(), "an answer of the assistant")),
    }
    let goes_on =
        role(prompt.last()) == Some(Role::Assistant) && role(answer.first()) == Some(Role::Assistant);
    match goes_on {
        true => Err((
            "an answer that goes on with a turn of the assistant in the prompt".into(),
            "a prompt that ends in a turn of the user or of a tool",
        )),
        false => Ok(()),
    }
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

    #[test]
    fn messages_of_openai_and_their_tools_stay_as_they_are() {
        let call = r#"{"function":{"arguments":"{\"a\": 1}","name":"f"},"id":"c"}"#;
        let asked = format!(
            r#"{{"role":"user","content":"q","foo":1}}, {{"role":"assistant","content":null,"tool_calls":[{call}]}}, {{"role":"tool","content":"r"}}"#
        );
        let answer = r#"{"content":"a","role":"assistant"}"#;
        let parts = |tools| {
            [
                ("prompt", format!("[{asked}]")),
                ("chosen", answer.to_string()),
                ("rejected", "\"b\"".to_string()),
                ("tools", tools),
            ]
        };
        let tools = || r#"[{"name":"f"}]"#.to_string();
        let given = parts(tools());
        let given: Vec<(&str, &str)> = given.iter().map(|(part, json)| (*part, json.as_str())).collect();
        let mixed = read("preference", &given).unwrap();
        assert_eq!(mixed.conversations[0].1, format!("[{},{answer}]", asked.replace("}, {", "},{")));
        assert!(mixed.conversations[1].1.ends_with(r#",{"role":"assistant","content":"b"}]"#));
        assert_eq!(mixed.tools.as_deref(), Some(r#"[{"type":"function","function":{"name":"f"}}]"#));
        let whole = [given[0], given[1], ("rejected", answer), given[3]];
        assert_eq!(read("preference", &whole).unwrap().tools, Some(Cow::Owned(tools())));
    }

    #[test]
    fn a_completion_of_several_messages_is_the_answer() {
        let completion = r#"[{"role":"assistant","content":"a"},{"role":"tool","content":"r"},{"role":"assistant","content":"b"}]"#;
        let prompt = r#"[{"role":"user","content":"q"}]"#;
        let read = read("kto", &[("prompt", prompt), ("completion", completion), ("label", "true")]).unwrap();
        assert_eq!(read.prompt, 1);
        assert!(read.conversations[0].1.contains(r#"{"role":"tool","content":"r"}"#));
    }

    #[test]
    fn an_answer_ends_in_a_turn_of_the_assistant_and_begins_one() {
        let error = |prompt: &str, chosen: &str| {
            let parts = [("prompt", prompt), ("chosen", chosen), ("rejected", "\"b\"")];
            read("preference", &parts).unwrap_err()
        };
        let called = r#"[{"role":"assistant","content":"a"},{"role":"tool","content":"r"}]"#;
        assert_eq!(
            error("\"q\"", called),
            "chosen: found a last turn of the role tool, expected an answer of the assistant"
        );
        let open = r#"[{"role":"user","content":"q"},{"role":"assistant","content":"Sure,"}]"#;
        assert_eq!(
            error(open, "\"a\""),
            "chosen: found an answer that goes on with a turn of the assistant in the prompt, expected a prompt that ends in a turn of the user or of a tool"
        );
    }
}
