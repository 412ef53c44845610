//! Texts with numbers of bank accounts (IBAN).

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::personal_data::Kind;

/// Texts with numbers of bank accounts (IBAN).
pub(super) static BANK_ACCOUNTS: Finding = Finding {
    code: "bank_accounts",
    title: "numbers of bank accounts (IBAN) in the text",
    why: "The model can give them to anyone who asks.",
    repair: "redact(kinds=\"iban\")",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Personal(Kind::Iban),
    applies: always,
};
