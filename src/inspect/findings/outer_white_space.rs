//! White space at the ends of texts.

use crate::inspect::checks::first_in;
use crate::inspect::edges::Ends;
use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm};
use crate::inspect::row::{Match, Row, Speaker};

/// White space at the ends of texts.
pub(super) static OUTER_WHITE_SPACE: Finding = Finding {
    code: "outer_white_space",
    title: "white space at the ends of a prompt or an answer",
    why: "Where some texts end in it and others do not, the model has to guess.",
    repair: "normalize(), where it is not wanted",
    is_hint: false,
    harm: Harm::Minor,
    among: Among::Rows,
    check: Check::Row(check),
    applies,
};

fn check(row: &Row<'_>) -> Option<Match> {
    first_in(row, |speaker, text| {
        let is_said = matches!(speaker, Speaker::User | Speaker::Answer | Speaker::Rejected);
        let (start, end) = (text.trim_start(), text.trim_end());
        if !is_said || end.is_empty() || start.len() == text.len() && end.len() == text.len() {
            return None;
        }
        match end.len() < text.len() {
            true => Some((end.len(), text.len())),
            false => Some((0, text.len() - start.len())),
        }
    })
}

/// Where all texts have it, or it is a part of the mark that most texts end in, it belongs to their format.
fn applies(facts: &Facts, rows: u64) -> bool {
    let is_of_mark = |ends: &Ends| ends.mark.as_ref().is_some_and(|mark| mark.trim_end() != mark);
    rows < facts.counts.rows && !is_of_mark(&facts.prompt_ends) && !is_of_mark(&facts.answer_ends)
}
