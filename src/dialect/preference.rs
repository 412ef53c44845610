//! `preference`: a preferred answer and another one, to a prompt that is a column of its own, or that both begin with.

use super::cell::{Cell, Row};
use super::dialect::{Dialect, Holds, PartSpec};
use super::dialogue::{Dialogue, Role, TextKind, Turn};
use super::messages::{Content, Keys, Messages};
use super::misfit::Misfit;
use super::{sharegpt, tools, transcript};
use crate::record::Answers;
use crate::record::turns::Branch;

/// A preferred answer and another one.
pub(super) struct Preference;

const PROMPT: &str = "prompt";
const INPUT: &str = "input";
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
            "instruction",
            "messages",
            "conversations",
            "conversation",
            "context",
            "input",
        ],
    ),
    PartSpec::optional(INPUT, Holds::Text, &["input"]),
    PartSpec::required(CHOSEN, Holds::Any, &["chosen", "chosen_response", "response_chosen"]),
    PartSpec::required(REJECTED, Holds::Any, &["rejected", "rejected_response", "response_rejected"]),
    PartSpec::optional("system", Holds::Text, &["system", "system_prompt"]),
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
        let prompt = prompt(row)?;
        let explicit = !prompt.is_empty();
        let (chosen, rejected) = (row.get(CHOSEN), row.get(REJECTED));
        let (chosen, rejected) = match (chosen.text(), rejected.text()) {
            (Some(chosen), Some(rejected)) if is_plain(chosen) || is_plain(rejected) => {
                texts(chosen, rejected, explicit)?
            }
            _ => (answer(CHOSEN, chosen)?, answer(REJECTED, rejected)?),
        };
        check_answer(CHOSEN, &chosen)?;
        check_answer(REJECTED, &rejected)?;
        let shared = shared(&chosen, &rejected);
        if shared == 0 && !explicit {
            return Err(Misfit::new(CHOSEN, "another beginning than that of `rejected`", SHARED));
        }
        let mut turns: Vec<Turn<'r>> = sharegpt::system(row)?.into_iter().collect();
        // The answers may begin with the prompt as well, or with its last turns.
        let begin = &chosen[..shared];
        let begin_has_prompt =
            explicit && begin.windows(prompt.len()).any(|turns| say_the_same(turns, &prompt));
        let last = &prompt[prompt.len().saturating_sub(shared)..];
        let prompt_has_begin = shared > 0 && say_the_same(last, begin);
        if !begin_has_prompt {
            turns.extend(prompt);
        }
        let mut chosen = chosen.into_iter();
        let begin = chosen.by_ref().take(shared);
        match prompt_has_begin && !begin_has_prompt {
            true => begin.for_each(drop),
            false => turns.extend(begin),
        }
        turns.extend(chosen.map(|turn| turn.within(Branch::Chosen)));
        turns.extend(rejected.into_iter().skip(shared).map(|turn| turn.within(Branch::Rejected)));
        Ok(Dialogue { tools: tools::read(row)?, ..Dialogue::new(turns) })
    }
}

/// Whether a text is neither a transcript nor JSON of messages.
fn is_plain(text: &str) -> bool {
    transcript::turns(text).is_none() && MESSAGES.list_or_one(CHOSEN, &Cell::Text(text.into())).is_err()
}

/// The turns of the prompt; none if there is no column for it.
fn prompt<'r>(row: &'r Row<'_>) -> Result<Vec<Turn<'r>>, Misfit> {
    let cell = row.get(PROMPT);
    if !row.has(PROMPT) {
        return Ok(Vec::new());
    }
    if cell.nested().is_some() {
        if let Ok(read) = MESSAGES.list(PROMPT, cell) {
            return Ok(read.turns);
        }
        if cell.text().is_none() {
            return MESSAGES.list(PROMPT, cell).map(|read| read.turns);
        }
    }
    let text = cell.text().ok_or_else(|| Misfit::of(PROMPT, cell, "text or a list of messages"))?;
    if let Some(turns) = transcript::turns(text) {
        return Ok(turns);
    }
    let mut turn = Turn::said(Role::User, text);
    if let Some(input) = row.get(INPUT).text().filter(|input| !input.is_empty()) {
        turn.say(TextKind::Text, input);
    }
    Ok(vec![turn])
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
    // The answer keeps the white space before it.
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

/// Whether turns have the same texts.
fn say_the_same(a: &[Turn<'_>], b: &[Turn<'_>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.texts == b.texts)
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
        assert_eq!(read("preference", row).unwrap()[0], "user: q: i");
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
