//! Answers that are the prompt again.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row};

/// Answers that are the prompt again.
pub(super) static ANSWER_REPEATS_PROMPT: Finding = Finding {
    code: "answer_repeats_prompt",
    title: "the answer is the prompt again",
    why: "The model learns to repeat what it is asked.",
    repair: "filter(…)",
    is_hint: true,
    harm: Harm::Moderate,
    among: Among::Answers,
    check: Check::Row(check),
    applies: always,
};

/// Shorter texts are names and classes, which may well be equal.
const LEAST: usize = 20;

fn check(row: &Row<'_>) -> Option<Match> {
    let (text, answer) = row.answer()?;
    let answer = answer.trim();
    let holds = |long: &str, short: &str| short.len() * 10 >= long.len() * 9 && long.contains(short);
    let repeats = |asked: &str| {
        let asked = asked.trim();
        asked.len() >= LEAST && answer.len() >= LEAST && (holds(answer, asked) || holds(asked, answer))
    };
    row.question().any(|(_, asked)| repeats(asked)).then(|| Match::whole(row, text))
}
