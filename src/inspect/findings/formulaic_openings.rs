//! Answers that begin with the same words.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::whole::Whole;

/// Answers that begin with the same words.
pub(super) static FORMULAIC_OPENINGS: Finding = Finding {
    code: "formulaic_openings",
    title: "many answers begin with the same words",
    why: "The model learns the phrase; each answer pays for it.",
    repair: "strip_affix(…), or with_columns(…)",
    is_hint: true,
    harm: Harm::Minor,
    among: Among::Answers,
    check: Check::Whole(check),
    applies: always,
};

/// Answers with the most frequent first three words, if it is one in seven of 100 or more.
fn check(facts: &Facts) -> Option<Whole> {
    const LEAST: u64 = 100;
    let most = facts.openings.most().filter(|_| facts.counts.classes.ranked().is_none())?;
    let answers = facts.counts.with_answer;
    (answers >= LEAST && most.count * 7 >= answers).then(|| Whole::of_text("answer", most))
}
