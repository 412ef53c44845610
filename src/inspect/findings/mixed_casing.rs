//! Some answers begin with a capital letter, and others do not.

use crate::inspect::finding::{Among, Check, Finding, Harm, Side, always};
use crate::inspect::row::{Match, Row};

/// Some answers begin with a capital letter, and others do not.
pub(super) static MIXED_CASING: Finding = Finding {
    code: "mixed_casing",
    title: "some answers begin with a capital letter, others with a small one",
    why: "The model has to guess the style; say in the prompt which one is wanted, or use one.",
    repair: "with_columns(…)",
    is_hint: true,
    harm: Harm::Minor,
    among: Among::Answers,
    check: Check::Either("begin with a capital letter", "begin with a small letter", check),
    applies: always,
};

/// Answers of two words or more, whose first character is a letter with a case.
fn check(row: &Row<'_>) -> Option<(Side, Match)> {
    let (text, said) = row.answer()?;
    let answer = said.trim_start();
    let first = answer.chars().next()?;
    let side = match first {
        _ if first.is_uppercase() => Side::First,
        _ if first.is_lowercase() => Side::Second,
        _ => return None,
    };
    let start = said.len() - answer.len();
    answer.contains(' ').then_some((side, Match { text, start, end: start + first.len_utf8() }))
}
