//! Answers without the mark that most of them end in.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::thousands::thousands;
use crate::inspect::whole::Whole;

/// Answers without the mark that most of them end in.
pub(super) static MISSING_STOP: Finding = Finding {
    code: "missing_stop",
    title: "answers without the stop that most of them end in",
    why: "The model does not learn to end the answer.",
    repair: "ensure_affix(…), or strip_affix(…) before format writes it for all rows",
    is_hint: false,
    harm: Harm::Severe,
    among: Among::Answers,
    check: Check::Whole(check),
    applies: always,
};

fn check(facts: &Facts) -> Option<Whole> {
    let ends = &facts.answer_ends;
    let mark = ends.mark.as_ref()?;
    let detail = format!("{} end in {mark:?}", thousands(ends.with));
    Some(Whole {
        count: ends.without.count,
        detail,
        examples: ends.without.examples.clone(),
        affix: Some(mark.clone()),
    })
}
