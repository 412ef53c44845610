//! Replacement characters, which stand for lost ones.

use crate::inspect::finding::{Among, Check, Finding, Harm, Hit, always};
use crate::inspect::row::{Match, Row};

/// Replacement characters, which stand for lost ones.
pub(super) static REPLACEMENT_CHARACTERS: Finding = Finding {
    code: "replacement_characters",
    title: "replacement characters (U+FFFD)",
    why: "A character was lost where the text was decoded, and the model learns the gap.",
    repair: "filter(…), or read the source again in its own encoding",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Literals(&["\u{fffd}"], check),
    applies: always,
};

fn check(_: &Row<'_>, hit: Hit) -> Option<Match> {
    Some(hit.found)
}
