//! Dialogues with a turn without text before the last question.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row, Speaker};

/// Dialogues with a turn without text before the last question.
pub(super) static EMPTY_TURNS: Finding = Finding {
    code: "empty_turns",
    title: "turns without text within the dialogue",
    why: "The model learns to go on where nothing was said; some templates leave the turn out.",
    repair: "filter(…), or with_columns(…) to remove the turn",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Row(check),
    applies: always,
};

fn check(row: &Row<'_>) -> Option<Match> {
    let said = |turn: u32| row.texts.iter().any(|text| text.turn == turn && !text.text.trim().is_empty());
    // Empty answers and the last question have findings of their own.
    let question = row.texts.iter().rfind(|text| text.speaker == Speaker::User).map(|text| text.turn);
    let is_other = |speaker| matches!(speaker, Speaker::User | Speaker::System | Speaker::Tool);
    let at = row
        .texts
        .iter()
        .position(|text| is_other(text.speaker) && Some(text.turn) != question && !said(text.turn))?;
    Some(Match::whole(row, at))
}
