//! Texts with phone numbers.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::personal_data::Kind;

/// Texts with phone numbers.
pub(super) static PHONE_NUMBERS: Finding = Finding {
    code: "phone_numbers",
    title: "phone numbers in the text",
    why: "The model can give them to anyone who asks.",
    repair: "redact(kinds=\"phone\")",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Personal(Kind::Phone),
    applies: always,
};
