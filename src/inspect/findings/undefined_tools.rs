//! Calls of tools that the row does not declare.

use crate::inspect::calls;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};

/// Calls of tools that the row does not declare.
pub(super) static UNDEFINED_TOOLS: Finding = Finding {
    code: "undefined_tools",
    title: "calls of tools that the row does not declare",
    why: "The model learns to call tools that it does not have.",
    repair: "filter(…), or with_columns(…) to add the tool",
    is_hint: false,
    harm: Harm::Severe,
    among: Among::Rows,
    check: Check::Row(calls::undefined),
    applies: always,
};
