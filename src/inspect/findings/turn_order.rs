//! Dialogues whose turns are in no order that chat templates know.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row, Speaker, Text};

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
    let at = row.dialogues().find_map(|texts| out_of_order(&texts))?;
    Some(Match::whole(row, at))
}

/// The index of the first text that is out of order.
fn out_of_order(texts: &[(usize, &Text<'_>)]) -> Option<usize> {
    let mut before: Option<(Speaker, u32)> = None;
    for (i, text) in texts {
        let speaker = match text.speaker {
            Speaker::Thought | Speaker::Call | Speaker::Rejected => Speaker::Answer,
            // Rows without turns.
            Speaker::Column => return None,
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
            return Some(*i);
        }
        before = Some((speaker, text.turn));
    }
    None
}
