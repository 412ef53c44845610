//! Answers without text.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row, Speaker};

/// Answers without text.
pub(super) static EMPTY_ANSWERS: Finding = Finding {
    code: "empty_answers",
    title: "answers without text",
    why: "The model learns to say nothing.",
    repair: "filter(…), or validate(not_blank=…)",
    is_hint: false,
    harm: Harm::Severe,
    among: Among::Answered,
    check: Check::Row(check),
    applies: always,
};

fn check(row: &Row<'_>) -> Option<Match> {
    let is_answer = |speaker| matches!(speaker, Speaker::Answer | Speaker::Rejected);
    let mut texts = row.texts.iter().enumerate().filter(|(_, said)| is_answer(said.speaker));
    let (text, _) = texts.find(|(i, said)| {
        // Another text of the same turn, or a call, may say something.
        let others = row.texts.iter().filter(|other| other.turn == said.turn);
        said.text.trim().is_empty()
            && others.into_iter().all(|other| other.text.trim().is_empty())
            && !row.texts[..*i].iter().any(|other| other.turn == said.turn)
    })?;
    Some(Match::whole(row, text))
}
