//! Reasoning in some rows, and none in others.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::whole::Whole;

/// Reasoning in some rows, and none in others.
pub(super) static MIXED_REASONING: Finding = Finding {
    code: "mixed_reasoning",
    title: "some rows have reasoning, and others have none",
    why: "The model cannot know when to think, unless the prompt says so.",
    repair: "filter(…), or say it in the system instructions",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Answered,
    check: Check::Whole(check),
    applies: always,
};

/// Rows with reasoning, where at least one in fifty has it and one in fifty has not, of 200.
fn check(facts: &Facts) -> Option<Whole> {
    const LEAST: u64 = 200;
    let (with, all) = (facts.counts.with_thought, facts.counts.answered);
    let is_mixed = all >= LEAST && with * 50 >= all && (all - with.min(all)) * 50 >= all;
    is_mixed.then(|| Whole { count: with, detail: String::new(), examples: Vec::new(), affix: None })
}
