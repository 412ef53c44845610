//! Rows that are longer than the context of the model.

use crate::inspect::counted_tokens::CountedTokens;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row};

/// Rows that are longer than the context of the model.
pub(super) static OVER_CONTEXT: Finding = Finding {
    code: "over_context",
    title: "rows with more tokens than the context",
    why: "They are rejected or cut before training, and a cut row loses the end that the model should learn.",
    repair: "tokenize(max_length=…, on_overflow=…), or filter(…)",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Tokens(check),
    applies: always,
};

/// The longest text of a row with more tokens than the context.
fn check(row: &Row<'_>, tokens: &CountedTokens) -> Option<Match> {
    let is_over = tokens.context.is_some_and(|context| tokens.all() > context);
    tokens.longest_text().filter(|_| is_over).map(|text| Match::whole(row, text))
}
