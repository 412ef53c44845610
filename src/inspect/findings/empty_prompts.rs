//! Prompts without text, beside others with text.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm};
use crate::inspect::row::{Match, Row, Speaker};

/// Prompts without text, beside others with text.
pub(super) static EMPTY_PROMPTS: Finding = Finding {
    code: "empty_prompts",
    title: "prompts without text",
    why: "The model learns to answer a question that it cannot see.",
    repair: "filter(…), or validate(not_blank=…)",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Prompts,
    check: Check::Row(check),
    applies,
};

fn check(row: &Row<'_>) -> Option<Match> {
    let (text, said) = row.texts.iter().enumerate().rfind(|(_, said)| said.speaker == Speaker::User)?;
    let mut turn = row.texts.iter().filter(|other| other.turn == said.turn);
    turn.all(|other| other.text.trim().is_empty()).then(|| Match::whole(row, text))
}

/// Where all prompts are empty, the task is open-ended generation.
fn applies(facts: &Facts, rows: u64) -> bool {
    rows < facts.counts.with_prompt
}
