//! Calls whose arguments are no JSON object.

use crate::inspect::calls;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};

/// Calls whose arguments are no JSON object.
pub(super) static BROKEN_ARGUMENTS: Finding = Finding {
    code: "broken_arguments",
    title: "calls whose arguments are no JSON object",
    why: "The model learns to write calls that no program can read, and templates fail or print them in quotes.",
    repair: "filter(…)",
    is_hint: false,
    harm: Harm::Severe,
    among: Among::Rows,
    check: Check::Row(calls::broken),
    applies: always,
};
