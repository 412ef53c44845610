//! Classes with few rows.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::whole::Whole;

/// Classes with few rows.
pub(super) static SMALL_CLASSES: Finding = Finding {
    code: "small_classes",
    title: "classes with fewer than 100 rows",
    why: "The guide asks for about 100 rows a class; the model seldom gives a class that it has seldom seen.",
    repair: "more rows of these classes, or filter(…)",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Answers,
    check: Check::Whole(check),
    applies: always,
};

/// The rows that a class should have.
const ENOUGH: u64 = 100;

fn check(facts: &Facts) -> Option<Whole> {
    let ranked = facts.counts.classes.ranked()?;
    let small: Vec<_> = ranked.iter().rev().take_while(|(_, rows)| *rows < ENOUGH).collect();
    let (name, rows) = small.first()?;
    let detail = format!("{} of {} classes; the smallest is {name:?} with {rows}", small.len(), ranked.len());
    Some(Whole { count: small.iter().map(|(_, rows)| rows).sum(), detail, examples: Vec::new(), affix: None })
}
