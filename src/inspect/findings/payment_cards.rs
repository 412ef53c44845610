//! Texts with numbers of payment cards.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::personal_data::Kind;

/// Texts with numbers of payment cards.
pub(super) static PAYMENT_CARDS: Finding = Finding {
    code: "payment_cards",
    title: "numbers of payment cards in the text",
    why: "The model can give them to anyone who asks.",
    repair: "redact(kinds=\"card\")",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Personal(Kind::Card),
    applies: always,
};
