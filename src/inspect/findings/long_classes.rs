//! Classes that are more than one token.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::whole::Whole;

/// Classes that are more than one token.
pub(super) static LONG_CLASSES: Finding = Finding {
    code: "long_classes",
    title: "classes that are more than one token",
    why: "A class of one token has one probability, and costs one step at inference.",
    repair: "with_columns(…), to give each class a name of one token",
    is_hint: false,
    harm: Harm::Minor,
    among: Among::Answers,
    check: Check::Whole(check),
    applies: always,
};

fn check(facts: &Facts) -> Option<Whole> {
    let ranked = facts.counts.classes.ranked()?;
    let counted = ranked.iter().zip(&facts.class_tokens);
    let long: Vec<_> = counted.filter(|(_, tokens)| **tokens > 1).collect();
    let ((name, _), most) = long.iter().rev().max_by_key(|(_, tokens)| **tokens)?;
    let detail = format!("{} of {} classes; {name:?} is {most} tokens", long.len(), ranked.len());
    Some(Whole {
        count: long.iter().map(|((_, rows), _)| rows).sum(),
        detail,
        examples: Vec::new(),
        affix: None,
    })
}
