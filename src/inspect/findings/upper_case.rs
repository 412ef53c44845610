//! Texts in upper case.

use crate::inspect::case::letters;
use crate::inspect::checks::first_in;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::lengths::chars;
use crate::inspect::row::{Match, Row, Speaker};

/// Texts in upper case.
pub(super) static UPPER_CASE: Finding = Finding {
    code: "upper_case",
    title: "prompts or answers in upper case",
    why: "Upper case has other tokens than the same words in lower case, and more of them.",
    repair: "with_columns(…)",
    is_hint: true,
    harm: Harm::Minor,
    among: Among::Rows,
    check: Check::Row(check),
    applies: always,
};

/// Fewer letters are an acronym or a class.
const LETTERS: usize = 20;

fn check(row: &Row<'_>) -> Option<Match> {
    first_in(row, |speaker, text| {
        let is_said = matches!(speaker, Speaker::User | Speaker::Answer);
        if !is_said || text.len() < LETTERS {
            return None;
        }
        let (upper, lower) = letters(text);
        // Names in a text of another script are no text in upper case.
        let others = text.len() - chars(text) as usize;
        (upper >= LETTERS && upper >= 9 * lower && upper > others).then_some((0, text.len()))
    })
}
