//! Answers with a code block that does not end.

use crate::inspect::checks::is_answer;
use crate::inspect::finding::{Among, Check, Finding, Harm, Hit, always};
use crate::inspect::row::{Match, Row};

/// Answers with a code block that does not end.
pub(super) static UNBALANCED_FENCES: Finding = Finding {
    code: "unbalanced_fences",
    title: "a code block that does not end",
    why: "The answer was cut off within code, or the fence was lost.",
    repair: "filter(…)",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Answers,
    check: Check::Literals(&["```"], check),
    applies: always,
};

fn check(row: &Row<'_>, hit: Hit) -> Option<Match> {
    let Match { text, start, end } = hit.found;
    if !is_answer(row, text) || !hit.is_first_of_text {
        return None;
    }
    // A prompt may begin the block that the answer ends.
    let before: usize = row.question().map(|(_, asked)| fences(asked)).sum();
    let own = fences(row.texts[text].text);
    (own % 2 == 1 && before.is_multiple_of(2)).then_some(Match { text, start, end })
}

/// The number of lines that begin or end a block.
fn fences(text: &str) -> usize {
    text.lines()
        .filter(|line| {
            line.trim_start().trim_start_matches(['>', '*', '-', ' ']).starts_with("```")
                && line.matches("```").count() == 1
        })
        .count()
}
