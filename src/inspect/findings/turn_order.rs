//! Dialogues whose turns are in no order that chat templates know.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row, Speaker};

/// Dialogues whose turns are in no order that chat templates know.
pub(super) static TURN_ORDER: Finding = Finding {
    code: "turn_order",
    title: "turns out of order",
    why: "Many templates refuse such rows, or print two turns as one.",
    repair: "filter(…), or with_columns(…) to join or remove turns",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Row(check),
    applies: always,
};

fn check(row: &Row<'_>) -> Option<Match> {
    row.texts_of(Speaker::User).next()?;
    let mut before: Option<(Speaker, u32)> = None;
    for (i, text) in row.texts.iter().enumerate() {
        let speaker = match text.speaker {
            Speaker::Thought | Speaker::Call => Speaker::Answer,
            // A second answer to the same question, and rows without turns.
            Speaker::Rejected | Speaker::Column => return None,
            speaker => speaker,
        };
        if before.is_some_and(|(_, turn)| turn == text.turn) {
            continue;
        }
        let is_wrong = match (before, speaker) {
            (None, speaker) => matches!(speaker, Speaker::Answer | Speaker::Tool),
            (Some((Speaker::System, _)), speaker) => speaker != Speaker::User,
            (Some(_), Speaker::System) => true,
            (Some((Speaker::Tool, _)), _) => false,
            (Some((before, _)), speaker) => before == speaker,
        };
        if is_wrong {
            return Some(Match::whole(row, i));
        }
        before = Some((speaker, text.turn));
    }
    None
}
