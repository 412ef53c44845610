//! Texts without the pattern that the user expects.

use crate::inspect::expected::Expected;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};

/// Texts without the pattern that the user expects.
pub(super) static UNEXPECTED_PATTERN: Finding = Finding {
    code: "unexpected_pattern",
    title: "texts without the pattern that you expect",
    why: "You have said what these texts are like; the model learns the others as well.",
    repair: "filter(…), or with_columns(…)",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Expected(Expected::lacks_pattern),
    applies: always,
};
