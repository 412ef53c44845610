//! Tokenized rows that train nothing.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::tokens::KnownTokens;

/// Tokenized rows that train nothing.
pub(super) static UNTRAINED_ROWS: Finding = Finding {
    code: "untrained_rows",
    title: "rows of which no token is trained",
    why: "The model learns nothing from them, and each costs as much as another row.",
    repair: "filter(…), or tokenize(…) again with room for the answer",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Tokens(KnownTokens::are_untrained),
    applies: always,
};
