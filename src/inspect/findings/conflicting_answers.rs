//! One prompt with several answers.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::thousands::thousands;
use crate::inspect::whole::Whole;

/// One prompt with several answers.
pub(super) static CONFLICTING_ANSWERS: Finding = Finding {
    code: "conflicting_answers",
    title: "the same prompt has different answers",
    why: "The model cannot learn both; system, tools and history are the same as well.",
    repair: "resolve_conflicts(keep=…)",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Prompts,
    check: Check::Whole(check),
    applies: always,
};

fn check(facts: &Facts) -> Option<Whole> {
    let tally = &facts.conflicts;
    let many = if facts.conflicting_prompts == 1 { "prompt" } else { "prompts" };
    let detail = format!("{} {many}", thousands(facts.conflicting_prompts));
    Some(Whole { count: tally.count, detail, examples: tally.examples.clone(), affix: None })
}
