//! Dialogues in which the use of a tool was not finished.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row, Speaker};

/// Dialogues in which the use of a tool was not finished.
pub(super) static UNFINISHED_TOOL_USE: Finding = Finding {
    code: "unfinished_tool_use",
    title: "calls without a result, or results without a call",
    why: "The model learns to go on as if a tool had answered, or to stop before it has an answer.",
    repair: "filter(…)",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Row(check),
    applies: always,
};

fn check(row: &Row<'_>) -> Option<Match> {
    let texts = &row.texts;
    let is_tool = |speaker| matches!(speaker, Speaker::Call | Speaker::Tool);
    if !texts.iter().any(|text| is_tool(text.speaker)) {
        return None;
    }
    let calls = |turn: u32| texts.iter().any(|text| text.turn == turn && text.speaker == Speaker::Call);
    let results = |turn: u32| texts.iter().any(|text| text.turn == turn && text.speaker == Speaker::Tool);
    let last = texts.last()?.turn;
    let had_results = texts.iter().any(|text| text.speaker == Speaker::Tool);
    let at = texts.iter().position(|text| match text.speaker {
        // The call that ends a dialogue is what is learned, unless its calls have results.
        Speaker::Call if text.turn == last => had_results,
        Speaker::Call => !results(text.turn + 1),
        Speaker::Tool => !calls(text.turn.saturating_sub(1)) && !results(text.turn.saturating_sub(1)),
        _ => false,
    })?;
    Some(Match::whole(row, at))
}
