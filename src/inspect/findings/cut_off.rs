//! Answers that end within a sentence.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row};

/// Answers that end within a sentence.
pub(super) static CUT_OFF: Finding = Finding {
    code: "cut_off",
    title: "answers that end within a sentence",
    why: "A limit of length has cut the answer, and the model learns to stop anywhere.",
    repair: "filter(…), or make these answers again with a higher limit",
    is_hint: true,
    harm: Harm::Moderate,
    among: Among::Answers,
    check: Check::Row(check),
    applies: always,
};

/// Shorter answers are often no sentences.
const LEAST: usize = 300;
/// A last line that is shorter is a heading, a name or a list.
const LAST_LINE: usize = 60;

fn check(row: &Row<'_>) -> Option<Match> {
    let (text, said) = row.answer()?;
    let answer = said.trim_end();
    let last = answer.chars().next_back()?;
    if answer.len() < LEAST || !(last.is_ascii_alphabetic() || last == ',') || answer.contains("```") {
        return None;
    }
    let line = answer.rsplit('\n').next().unwrap_or_default();
    let is_prose =
        line.starts_with(|c: char| c.is_alphabetic()) && !line.contains(['{', '=', '<', '|', '_', '/', '#']);
    let sentences = line.matches(". ").count();
    let after = line.rfind(". ").map_or(line, |at| &line[at + 2..]);
    let is_cut = is_prose && line.len() >= LAST_LINE && sentences >= 1 && after.contains(' ');
    let start = said.len().min(answer.len().saturating_sub(12));
    let start = said.floor_char_boundary(start);
    is_cut.then_some(Match { text, start, end: answer.len() })
}
