//! One answer to many prompts.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::whole::Whole;

/// One answer to many prompts.
pub(super) static FREQUENT_ANSWERS: Finding = Finding {
    code: "frequent_answers",
    title: "one long answer to many prompts",
    why: "The model learns to give it whatever it is asked.",
    repair: "filter(…)",
    is_hint: true,
    harm: Harm::Moderate,
    among: Among::Answers,
    check: Check::Whole(check),
    applies: always,
};

/// Rows with the most frequent answer, if there are five and one in a hundred. Classes are short.
fn check(facts: &Facts) -> Option<Whole> {
    const LEAST: u64 = 5;
    let most = facts.answers.most().filter(|_| facts.counts.classes.ranked().is_none())?;
    let is_many = most.count >= LEAST && most.count * 100 >= facts.counts.with_answer;
    is_many.then(|| Whole::of_text("answer", most))
}
