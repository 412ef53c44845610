//! Texts in another script than the user expects.

use crate::inspect::expected::Expected;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};

/// Texts in another script than the user expects.
pub(super) static UNEXPECTED_SCRIPT: Finding = Finding {
    code: "unexpected_script",
    title: "texts in another script than you expect",
    why: "You have said what these texts are like; the model learns the others as well.",
    repair: "filter(…), or with_columns(…)",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Expected(Expected::has_other_script),
    applies: always,
};
