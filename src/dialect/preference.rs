//! `preference`: a preferred answer and another one, to a prompt that is a column of its own, or that both begin with.

use super::cell::{Cell, Row};
use super::dialect::{Dialect, Holds, PartSpec, Verdict};
use super::dialogue::{Dialogue, Role, Turn};
use super::doubts::without_media;
use super::head::Head;
use super::messages::{Content, Keys, Messages};
use super::misfit::Misfit;
use super::part_columns::{PartColumns, column_of};
use super::prompt_columns::{self, HISTORY_PART, INPUT_PART, SYSTEM_PART};
use super::{tools, transcript};
use crate::record::Answers;
use crate::record::turns::Branch;

/// A preferred answer and another one.
pub(super) struct Preference;

const PROMPT: &str = "prompt";
const CHOSEN: &str = "chosen";
const REJECTED: &str = "rejected";
const PARTS: &[PartSpec] = &[
    PartSpec::optional(
        PROMPT,
        Holds::Any,
        &[
            "prompt",
            "question",
            "query",
            "problem",
            "instruction",
            "messages",
            "conversations",
            "conversation",
            "context",
            "input",
        ],
    ),
    INPUT_PART,
    PartSpec::required(CHOSEN, Holds::Any, &["chosen", "chosen_response", "response_chosen"]),
    PartSpec::required(REJECTED, Holds::Any, &["rejected", "rejected_response", "response_rejected"]),
    SYSTEM_PART,
    HISTORY_PART,
    PartSpec::optional(tools::TOOLS, Holds::Any, tools::COLUMNS),
];
const MESSAGES: Messages = Messages { keys: Keys::Both, content: Content::Parts };
const SHARED: &str = "a beginning that `chosen` and `rejected` share, or a column for the prompt";

impl Dialect for Preference {
    fn name(&self) -> &'static str {
        "preference"
    }

    fn title(&self) -> &'static str {
        "a preferred answer and another one to the same prompt"
    }

    fn parts(&self) -> &'static [PartSpec] {
        PARTS
    }

    fn answers(&self) -> Answers {
        Answers::Pair
    }

    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Dialogue<'r>, Misfit> {
        let Prompt { turns: prompt, is_open } = prompt(row)?;
        let explicit = !prompt.is_empty();
        let (chosen, rejected) = (row.get(CHOSEN), row.get(REJECTED));
        let (chosen, rejected) = match (chosen.text(), rejected.text()) {
            (Some(chosen), Some(rejected)) if is_plain(chosen) || is_plain(rejected) => {
                let said = |text| if is_open { transcript::answer(text) } else { text };
                texts(said(chosen), said(rejected), explicit)?
            }
            _ => (answer(CHOSEN, chosen)?, answer(REJECTED, rejected)?),
        };
        check_answer(CHOSEN, &chosen)?;
        check_answer(REJECTED, &rejected)?;
        let shared = shared(&chosen, &rejected);
        if shared == 0 && !explicit {
            return Err(Misfit::new(CHOSEN, "another beginning than that of `rejected`", SHARED));
        }
        // The answers may begin with the prompt as well, perhaps after the system, or with its last turns.
        let begin = &chosen[..shared];
        let systems = begin.iter().take_while(|turn| turn.role == Role::System).count();
        let begins_with =
            |turns: &[Turn<'_>]| turns.len() >= prompt.len() && say_the_same(&turns[..prompt.len()], &prompt);
        let begin_has_prompt = explicit && (begins_with(begin) || begins_with(&begin[systems..]));
        let last = &prompt[prompt.len().saturating_sub(shared)..];
        let prompt_has_begin = shared > 0 && say_the_same(last, begin);
        let mut turns: Vec<Turn<'r>> = if begin_has_prompt { Vec::new() } else { prompt };
        let mut chosen = chosen.into_iter();
        let begin = chosen.by_ref().take(shared);
        match prompt_has_begin && !begin_has_prompt {
            true => begin.for_each(drop),
            false => turns.extend(begin),
        }
        let mut turns = prompt_columns::around(row, turns)?;
        turns.extend(chosen.map(|turn| turn.within(Branch::Chosen)));
        turns.extend(rejected.into_iter().skip(shared).map(|turn| turn.within(Branch::Rejected)));
        Ok(Dialogue { tools: tools::read(row)?, ..Dialogue::new(turns) })
    }

    fn judge(&self, head: &Head, columns: &PartColumns) -> Verdict {
        if let Some(doubt) = without_media(head, columns) {
            return doubt;
        }
        let has_messages = [CHOSEN, REJECTED].iter().any(|part| {
            column_of(columns, part).and_then(|column| head.profile(column)).is_some_and(|p| p.is_messages())
        });
        match head.other_text(columns) {
            Some(column) if column_of(columns, PROMPT).is_none() && !has_messages => Verdict::Doubt(format!(
                "the column `{column}` may be the prompt, as in read_as(\"preference\", columns={{\"prompt\": \"{column}\"}})"
            )),
            _ => Verdict::Fits,
        }
    }
}

/// The prompt of a row.
#[derive(Default)]
struct Prompt<'r> {
    /// None if there is no column for it.
    turns: Vec<Turn<'r>>,
    /// Whether it ends in the mark of the turn that the model is to say.
    is_open: bool,
}

/// Whether a text is neither a transcript nor JSON of messages.
fn is_plain(text: &str) -> bool {
    transcript::turns(text).is_none() && MESSAGES.list_or_one(CHOSEN, &Cell::Text(text.into())).is_err()
}

fn prompt<'r>(row: &'r Row<'_>) -> Result<Prompt<'r>, Misfit> {
    let cell = row.get(PROMPT);
    if !row.has(PROMPT) {
        return Ok(Prompt::default());
    }
    if cell.nested().is_some() {
        let read = MESSAGES.list(PROMPT, cell);
        if read.is_ok() || cell.text().is_none() {
            return read.map(|read| Prompt { turns: read.turns, is_open: false });
        }
    }
    let text = cell.text().ok_or_else(|| Misfit::of(PROMPT, cell, "text or a list of messages"))?;
    let (turns, is_open) =
        transcript::prompt(text).unwrap_or_else(|| (vec![Turn::said(Role::User, text)], false));
    Ok(Prompt { turns, is_open })
}

/// The turns of an answer.
fn answer<'r>(part: &'static str, cell: &'r Cell<'_>) -> Result<Vec<Turn<'r>>, Misfit> {
    if let Some(turns) = cell.text().and_then(transcript::turns) {
        return Ok(turns);
    }
    if cell.nested().is_none() {
        return match cell.text() {
            Some(text) => Ok(vec![Turn::said(Role::Assistant, text)]),
            None => Err(Misfit::of(part, cell, "text, a message or a list of messages")),
        };
    }
    MESSAGES.list_or_one(part, cell).map(|read| read.turns)
}

/// The turns of two texts. Without a prompt, what both begin with is the prompt.
fn texts<'r>(
    chosen: &'r str,
    rejected: &'r str,
    explicit: bool,
) -> Result<(Vec<Turn<'r>>, Vec<Turn<'r>>), Misfit> {
    let said = |text: &'r str| vec![Turn::said(Role::Assistant, text)];
    if explicit {
        return Ok((said(chosen), said(rejected)));
    }
    let same = chosen.char_indices().zip(rejected.chars()).take_while(|((_, a), b)| a == b);
    let end = same.last().map_or(0, |((i, c), _)| i + c.len_utf8());
    // Words stay whole; the answer keeps the white space before it.
    let end = chosen[..end].rfind(char::is_whitespace).unwrap_or(0);
    let prompt = chosen[..end].trim_end();
    if prompt.is_empty() {
        return Err(Misfit::new(CHOSEN, "another beginning than that of `rejected`", SHARED));
    }
    let split = |text: &'r str| {
        let (prompt, answer) = text.split_at(prompt.len());
        vec![Turn::said(Role::User, prompt), Turn::said(Role::Assistant, answer)]
    };
    Ok((split(chosen), split(rejected)))
}

/// Whether turns say and call the same.
fn say_the_same(a: &[Turn<'_>], b: &[Turn<'_>]) -> bool {
    let same = |(a, b): (&Turn<'_>, &Turn<'_>)| {
        (a.role, &a.texts, &a.calls, &a.name, &a.call_id) == (b.role, &b.texts, &b.calls, &b.name, &b.call_id)
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// How many turns both answers begin with. Each keeps one of its own.
fn shared(chosen: &[Turn<'_>], rejected: &[Turn<'_>]) -> usize {
    let most = chosen.len().min(rejected.len()).saturating_sub(1);
    chosen.iter().zip(rejected).take(most).take_while(|(a, b)| a == b).count()
}

/// Checks that an answer ends in a turn of the model, or in the result of a tool.
pub(super) fn check_answer(part: &'static str, turns: &[Turn<'_>]) -> Result<(), Misfit> {
    match turns.last().map(|turn| turn.role) {
        Some(Role::Assistant | Role::Tool) => Ok(()),
        last => {
            let found =
                last.map_or("no turn".into(), |role| format!("a last turn of the role {}", role.name()));
            Err(Misfit::new(part, found, "an answer of the assistant"))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::testing::{name_of, read};

    fn read_row(row: &str) -> Result<Vec<String>, String> {
        read("preference", row)
    }

    #[test]
    fn a_prompt_of_its_own() {
        let row = r#"{"prompt":"q","chosen":"a","rejected":"b"}"#;
        assert_eq!(name_of(&[row]), "preference prompt=prompt chosen=chosen rejected=rejected");
        assert_eq!(
            read("preference", row).unwrap(),
            ["user: q", "chosen assistant: a", "rejected assistant: b"]
        );
        let row = r#"{"conversations":[{"from":"human","value":"q"}],"chosen":{"from":"gpt","value":"a"},"rejected":{"from":"gpt","value":"b"}}"#;
        assert_eq!(name_of(&[row]), "preference prompt=conversations chosen=chosen rejected=rejected");
        assert_eq!(
            read("preference", row).unwrap(),
            ["user: q", "chosen assistant: a", "rejected assistant: b"]
        );
        let row = r#"{"instruction":"q","input":"i","chosen":"a","rejected":"b"}"#;
        assert_eq!(read("preference", row).unwrap()[0], "user: q\n\ni");
        let row = r#"{"question":"q","context":"c","system":"s","history":[["a","b"]],"chosen":"x","rejected":"y"}"#;
        assert_eq!(
            read("preference", row).unwrap()[..4],
            ["system: s", "user: a", "assistant: b", "user: q\n\nc"]
        );
        let row = r#"{"prompt":[{"role":"user","content":"q"}],"input":"i","chosen":"x","rejected":"y"}"#;
        assert_eq!(
            read("preference", row).unwrap_err(),
            "input: found text (i), expected nothing beside messages"
        );
    }

    #[test]
    fn a_prompt_that_ends_in_the_mark_of_the_answer() {
        let row = r#"{"prompt":"\n\nHuman: q\n\nAssistant:","chosen":" a","rejected":" b"}"#;
        assert_eq!(
            read("preference", row).unwrap(),
            ["user: q", "chosen assistant: a", "rejected assistant: b"]
        );
    }

    #[test]
    fn another_column_of_text_may_be_the_prompt() {
        let row = r#"{"post":"What is 2+2?","chosen":"The answer is 4.","rejected":"The answer is 5."}"#;
        assert_eq!(name_of(&[row]), "unknown");
        let row = r#"{"problem":"q","chosen":"The answer is 4.","rejected":"The answer is 5."}"#;
        assert_eq!(name_of(&[row]), "preference prompt=problem chosen=chosen rejected=rejected");
        let row = r#"{"prompt":"q","chosen":"a","rejected":"b","image":"x.png"}"#;
        assert_eq!(name_of(&[row]), "unknown");
    }

    #[test]
    fn no_turn_of_the_prompt_is_lost() {
        let call = |n: u8| {
            format!(
                r#"{{"role":"assistant","content":"","tool_calls":[{{"id":"c{n}","type":"function","function":{{"name":"f","arguments":"{{\"n\":{n}}}"}}}}]}}"#
            )
        };
        let says = |role: &str, text: &str| format!(r#"{{"role":"{role}","content":"{text}"}}"#);
        let row = |prompt: &[String], begin: &[String]| {
            let answer = |text: &str| [begin, &[says("assistant", text)]].concat().join(",");
            let (prompt, chosen, rejected) = (prompt.join(","), answer("x"), answer("y"));
            let row = format!(r#"{{"prompt":[{prompt}],"chosen":[{chosen}],"rejected":[{rejected}]}}"#);
            read_row(&row).unwrap()
        };
        let (q, hi) = (says("user", "q"), says("user", "hi"));
        let read = row(&[q, call(1), says("tool", "ok")], &[call(2), says("tool", "ok")]);
        assert_eq!(read.len(), 7, "{read:?}");
        let read = row(std::slice::from_ref(&hi), &[says("assistant", "hi"), says("user", "ok")]);
        assert_eq!(read[..3], ["user: hi", "assistant: hi", "user: ok"]);
        let read = row(std::slice::from_ref(&hi), &[says("assistant", "hello"), hi.clone()]);
        assert_eq!(read[..3], ["user: hi", "assistant: hello", "user: hi"]);
        let read = row(&[says("user", "")], &[call(1), says("tool", "r")]);
        assert_eq!(read[0], "user: ");
        let read = row(std::slice::from_ref(&hi), &[says("system", "s"), hi.clone()]);
        assert_eq!(read[..2], ["system: s", "user: hi"]);
        let twice = r#"{"system":"s","chosen":[{"role":"system","content":"s"},{"role":"user","content":"q"},{"role":"assistant","content":"a"}],
            "rejected":[{"role":"system","content":"s"},{"role":"user","content":"q"},{"role":"assistant","content":"b"}]}"#;
        assert_eq!(read_row(twice).unwrap()[..2], ["system: s", "user: q"]);
    }

    #[test]
    fn the_beginning_that_both_answers_share_is_the_prompt() {
        let row = r#"{"chosen":"\n\nHuman: q\n\nAssistant: a","rejected":"\n\nHuman: q\n\nAssistant: b"}"#;
        assert_eq!(name_of(&[row]), "preference chosen=chosen rejected=rejected");
        assert_eq!(
            read("preference", row).unwrap(),
            ["user: q", "chosen assistant: a", "rejected assistant: b"]
        );
        let row = r#"{"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],
            "rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"b"}],"prompt":"q"}"#;
        assert_eq!(
            read("preference", row).unwrap(),
            ["user: q", "chosen assistant: a", "rejected assistant: b"]
        );
        let row = r#"{"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],
            "rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"b"}],
            "prompt":[{"role":"system","content":"s"},{"role":"user","content":"q"}]}"#;
        assert_eq!(
            read("preference", row).unwrap(),
            ["system: s", "user: q", "chosen assistant: a", "rejected assistant: b"]
        );
        let row = r#"{"chosen":"The sky is blue","rejected":"The sky is green"}"#;
        assert_eq!(
            read("preference", row).unwrap(),
            ["user: The sky is", "chosen assistant:  blue", "rejected assistant:  green"]
        );
    }

    #[test]
    fn answers_that_share_nothing_need_a_prompt() {
        for same in
            [r#"{"chosen":"Indeed","rejected":"It"}"#, r#"{"chosen":"Yes","rejected":"Yes. But no."}"#]
        {
            assert!(read("preference", same).is_err());
        }
        let row = r#"{"chosen":"yes","rejected":"no"}"#;
        let message = "chosen: found another beginning than that of `rejected`, expected a beginning that `chosen` and `rejected` share, or a column for the prompt";
        assert_eq!(read("preference", row).unwrap_err(), message);
        assert_eq!(name_of(&[row]), "unknown");
        for (row, part) in [
            (r#"{"prompt":null,"chosen":"a","rejected":"b"}"#, "prompt: found null"),
            (r#"{"prompt":"q","chosen":null,"rejected":"b"}"#, "chosen: found null"),
            (r#"{"prompt":"q","chosen":"a","rejected":3}"#, "rejected: found an integer"),
            (
                r#"{"prompt":"q","chosen":[{"role":"user","content":"a"}],"rejected":"b"}"#,
                "chosen: found a last turn of the role user",
            ),
        ] {
            let message = read("preference", row).unwrap_err();
            assert!(message.starts_with(part), "{message}");
        }
    }
}
