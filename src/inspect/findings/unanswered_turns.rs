//! Dialogues whose last turn is not one of the model.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row, Speaker};

/// Dialogues whose last turn is not one of the model.
pub(super) static UNANSWERED_TURNS: Finding = Finding {
    code: "unanswered_turns",
    title: "the dialogue ends before the model answers",
    why: "The last turn trains nothing: the answer is missing, or the dialogue was cut.",
    repair: "filter(…), or with_columns(…) to remove the last turn",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Row(check),
    applies: always,
};

fn check(row: &Row<'_>) -> Option<Match> {
    let last = row.texts.last()?;
    let is_open = matches!(last.speaker, Speaker::User | Speaker::Tool | Speaker::System);
    is_open.then(|| Match::whole(row, row.texts.len() - 1))
}
