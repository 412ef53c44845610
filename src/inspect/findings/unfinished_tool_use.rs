//! Dialogues in which the use of a tool was not finished.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row, Speaker, Text};

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
    let is_tool = |speaker| matches!(speaker, Speaker::Call | Speaker::Tool);
    if !row.texts.iter().any(|text| is_tool(text.speaker)) {
        return None;
    }
    let at = row.dialogues().find_map(|texts| unfinished(&texts))?;
    Some(Match::whole(row, at))
}

/// The index of the first call without a result, or result without a call.
fn unfinished(texts: &[(usize, &Text<'_>)]) -> Option<usize> {
    // The turns of a dialogue that ends in the second of two answers are not numbered without gaps.
    let mut turns: Vec<u32> = texts.iter().map(|(_, text)| text.turn).collect();
    turns.dedup();
    let has = |turn: Option<&u32>, speaker: Speaker| {
        texts.iter().any(|(_, text)| Some(&text.turn) == turn && text.speaker == speaker)
    };
    let had_results = texts.iter().any(|(_, text)| text.speaker == Speaker::Tool);
    let is_unfinished = |text: &Text<'_>| {
        let number = turns.iter().position(|turn| *turn == text.turn).unwrap_or_default();
        let before = number.checked_sub(1).and_then(|before| turns.get(before));
        match text.speaker {
            // The call that ends a dialogue is what is learned, unless its calls have results.
            Speaker::Call if number + 1 == turns.len() => had_results,
            Speaker::Call => !has(turns.get(number + 1), Speaker::Tool),
            Speaker::Tool => !has(before, Speaker::Call) && !has(before, Speaker::Tool),
            _ => false,
        }
    };
    texts.iter().find(|(_, text)| is_unfinished(text)).map(|(i, _)| *i)
}
