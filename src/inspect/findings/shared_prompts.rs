//! Rows whose prompt is in another set, with another answer.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::whole::Whole;

/// Rows whose prompt is in another set, with another answer.
pub(super) static SHARED_PROMPTS: Finding = Finding {
    code: "shared_prompts",
    title: "the other set has the prompt, with another answer",
    why: "The model has seen the question, so that the validation is easier than new questions are.",
    repair: "split(…) of all rows together, which keeps the rows of a prompt in one split",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Compared,
    check: Check::Whole(check),
    applies: always,
};

fn check(facts: &Facts) -> Option<Whole> {
    let between = facts.between.as_ref()?;
    Some(between.whole(&between.shared_prompts, between.found.prompts))
}
