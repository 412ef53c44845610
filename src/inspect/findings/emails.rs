//! Texts with e-mail addresses.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::personal_data::Kind;

/// Texts with e-mail addresses.
pub(super) static EMAILS: Finding = Finding {
    code: "emails",
    title: "e-mail addresses in the text",
    why: "The model can give them to anyone who asks.",
    repair: "redact(kinds=\"email\")",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Personal(Kind::Email),
    applies: always,
};
