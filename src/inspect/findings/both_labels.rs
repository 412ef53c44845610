//! Prompts with a good answer and a bad one.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::thousands::thousands;
use crate::inspect::whole::Whole;

/// Prompts with a good answer and a bad one.
pub(super) static BOTH_LABELS: Finding = Finding {
    code: "both_labels",
    title: "the same prompt has good and bad answers",
    why: "Nothing is wrong with such rows for KTO; as pairs they teach more, by DPO.",
    repair: "pairs of these rows, or KTO as they are",
    is_hint: true,
    harm: Harm::Minor,
    among: Among::Prompts,
    check: Check::Whole(check),
    applies: always,
};

fn check(facts: &Facts) -> Option<Whole> {
    let (prompts, rows) = facts.both_labels;
    let many = if prompts == 1 { "prompt" } else { "prompts" };
    let detail = format!("{} {many}", thousands(prompts));
    (prompts > 0).then_some(Whole { count: rows, detail, examples: Vec::new(), affix: None })
}
