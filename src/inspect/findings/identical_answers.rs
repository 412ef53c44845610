//! Pairs whose two answers are the same.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row, Speaker};
use crate::record::turns::Branch;

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
    let is_same = row.is_pair() && said(row, Branch::Chosen).eq(said(row, Branch::Rejected));
    is_same.then(|| Match::whole(row, row.texts.len() - 1))
}

/// The texts of an answer, each with the number of its turn and its speaker.
fn said<'r>(row: &'r Row<'_>, branch: Branch) -> impl Iterator<Item = (u32, Speaker, &'r str)> {
    let first = row.texts_in(branch).next().map_or(0, |said| said.turn);
    row.texts_in(branch).map(move |said| {
        let speaker = match said.speaker {
            Speaker::Rejected => Speaker::Answer,
            speaker => speaker,
        };
        (said.turn - first, speaker, said.text.trim())
    })
}
