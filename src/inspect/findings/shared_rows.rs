//! Rows that are in another set as well.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::whole::Whole;

/// Rows that are in another set as well.
pub(super) static SHARED_ROWS: Finding = Finding {
    code: "shared_rows",
    title: "rows that the other set has as well",
    why: "A validation with rows of the training measures memory.",
    repair: "dedup(against=…), or split(…) of all rows together",
    is_hint: false,
    harm: Harm::Severe,
    among: Among::Compared,
    check: Check::Whole(check),
    applies: always,
};

fn check(facts: &Facts) -> Option<Whole> {
    let between = facts.between.as_ref()?;
    Some(between.whole(&between.shared_rows, between.found.rows))
}
