//! Rows that are equal to an earlier row.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::whole::Whole;

/// Rows that are equal to an earlier row.
pub(super) static DUPLICATE_ROWS: Finding = Finding {
    code: "duplicate_rows",
    title: "exact copies of an earlier row",
    why: "Each copy counts again in the loss, and copies in train and valid make the validation worthless.",
    repair: "dedup()",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Whole(check),
    applies: always,
};

fn check(facts: &Facts) -> Option<Whole> {
    let tally = &facts.duplicates;
    Some(Whole { count: tally.count, detail: String::new(), examples: tally.examples.clone(), affix: None })
}
