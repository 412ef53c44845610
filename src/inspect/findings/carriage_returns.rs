//! Carriage returns.

use crate::inspect::checks::first_in;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row};

/// Carriage returns.
pub(super) static CARRIAGE_RETURNS: Finding = Finding {
    code: "carriage_returns",
    title: "carriage returns, as line ends or by themselves",
    why: "The same text has other tokens with them, and a prompt at inference seldom has them.",
    repair: "normalize()",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Row(check),
    applies: always,
};

fn check(row: &Row<'_>) -> Option<Match> {
    first_in(row, |_, text| {
        let at = memchr::memchr(b'\r', text.as_bytes())?;
        // A run of them, with the line end after it.
        let run = text[at..].bytes().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        Some((at, at + run))
    })
}
