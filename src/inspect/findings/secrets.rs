//! Texts with keys, tokens and passwords.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::personal_data::Kind;

/// Texts with keys, tokens and passwords.
pub(super) static SECRETS: Finding = Finding {
    code: "secrets",
    title: "keys, tokens and passwords in the text",
    why: "The model can give them to anyone who asks.",
    repair: "redact(kinds=\"secret\"), and revoke them",
    is_hint: false,
    harm: Harm::Severe,
    among: Among::Rows,
    check: Check::Personal(Kind::Secret),
    applies: always,
};
