//! Calls whose arguments do not fit the schema of their tool.

use crate::inspect::calls;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};

/// Calls whose arguments do not fit the schema of their tool.
pub(super) static MISFIT_ARGUMENTS: Finding = Finding {
    code: "misfit_arguments",
    title: "calls whose arguments do not fit the schema of their tool",
    why: "The model learns to leave arguments out, to make some up, or to write them in another type.",
    repair: "filter(…)",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Row(calls::misfit),
    applies: always,
};
