//! Pairs whose two answers are the same.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::preferences::pair;
use crate::inspect::row::{Match, Row, Speaker};

/// Pairs whose two answers are the same.
pub(super) static IDENTICAL_ANSWERS: Finding = Finding {
    code: "identical_answers",
    title: "the two answers of a pair are the same",
    why: "Nothing can be learnt from such a pair; a trainer reports a loss for it all the same.",
    repair: "format(…), which removes equal answers as same_answers, or filter(…)",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Answers,
    check: Check::Row(check),
    applies: always,
};

fn check(row: &Row<'_>) -> Option<Match> {
    let ((_, chosen), (text, rejected)) = pair(row)?;
    let has_call = row.texts.iter().any(|text| text.speaker == Speaker::Call);
    (chosen.trim() == rejected.trim() && !has_call).then(|| Match::whole(row, text))
}
