//! Prompts without the mark that most of them end in.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::thousands::thousands;
use crate::inspect::whole::Whole;

/// Prompts without the mark that most of them end in.
pub(super) static MISSING_SEPARATOR: Finding = Finding {
    code: "missing_separator",
    title: "prompts without the separator that most of them end in",
    why: "The model cannot tell where the prompt ends and the answer begins.",
    repair: "ensure_affix(…), or strip_affix(…) before format writes it for all rows",
    is_hint: false,
    harm: Harm::Severe,
    among: Among::Prompts,
    check: Check::Whole(check),
    applies: always,
};

fn check(facts: &Facts) -> Option<Whole> {
    let ends = &facts.prompt_ends;
    let mark = ends.mark.as_ref()?;
    let detail = format!("{} end in {mark:?}", thousands(ends.with));
    Some(Whole {
        count: ends.without.count,
        detail,
        examples: ends.without.examples.clone(),
        affix: Some(mark.clone()),
    })
}
