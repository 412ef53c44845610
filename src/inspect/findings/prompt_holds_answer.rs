//! Prompts that hold the whole answer.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row};

/// Prompts that hold the whole answer.
pub(super) static PROMPT_HOLDS_ANSWER: Finding = Finding {
    code: "prompt_holds_answer",
    title: "the prompt holds the whole answer",
    why: "Where it is not meant, as in extraction, the model learns to copy.",
    repair: "filter(…)",
    is_hint: true,
    harm: Harm::Minor,
    among: Among::Answers,
    check: Check::Row(check),
    applies: always,
};

/// Shorter answers are names, numbers and classes.
const LEAST: usize = 60;

fn check(row: &Row<'_>) -> Option<Match> {
    let (_, answer) = row.answer()?;
    let answer = answer.trim();
    if answer.len() < LEAST {
        return None;
    }
    row.question().filter(|(_, asked)| asked.len() >= answer.len()).find_map(|(text, asked)| {
        let start = memchr::memmem::find(asked.as_bytes(), answer.as_bytes())?;
        // The same text is another finding.
        (asked.len() * 9 > answer.len() * 10).then_some(Match { text, start, end: start + answer.len() })
    })
}
