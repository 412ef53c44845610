//! Rows that are longer than the context of the model.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::tokens::KnownTokens;

/// Rows that are longer than the context of the model.
pub(super) static OVER_CONTEXT: Finding = Finding {
    code: "over_context",
    title: "rows with more tokens than the context",
    why: "They are rejected or cut before training, and a cut row loses the end that the model should learn.",
    repair: "tokenize(max_length=…, on_overflow=…), or filter(…)",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Tokens(KnownTokens::are_over_context),
    applies: always,
};
