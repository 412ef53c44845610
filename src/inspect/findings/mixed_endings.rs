//! Some answers end in a punctuation mark, and others do not.

use crate::inspect::finding::{Among, Check, Finding, Harm, Side, always};
use crate::inspect::row::{Match, Row};

/// Some answers end in a punctuation mark, and others do not.
pub(super) static MIXED_ENDINGS: Finding = Finding {
    code: "mixed_endings",
    title: "some answers end in a punctuation mark, others in a letter",
    why: "The model has to guess the style; say in the prompt which one is wanted, or use one.",
    repair: "with_columns(…), or ensure_affix(…)",
    is_hint: true,
    harm: Harm::Minor,
    among: Among::Answers,
    check: Check::Either("end in a punctuation mark", "end in a letter", check),
    applies: always,
};

/// Shorter answers are names and classes.
const WORDS: usize = 4;

/// Answers of one line with four words or more, whose last character is a letter or ends a sentence.
fn check(row: &Row<'_>) -> Option<(Side, Match)> {
    let (text, said) = row.answer()?;
    let answer = said.trim();
    let last = answer.chars().next_back()?;
    let side = match last {
        '.' | '!' | '?' | '…' | '。' | '！' | '？' | '؟' | '।' => Side::First,
        // Scripts without capital letters may have no marks that end sentences.
        _ if last.is_lowercase() => Side::Second,
        _ => return None,
    };
    let is_sentence = !answer.contains('\n') && answer.split(' ').nth(WORDS - 1).is_some();
    let end = said.trim_end().len();
    is_sentence.then_some((side, Match { text, start: end - last.len_utf8(), end }))
}
