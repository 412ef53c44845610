//! Texts that hold the default separator or stop.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, Hit};
use crate::inspect::row::{Match, Row, Speaker};

/// Texts that hold the default separator or stop.
pub(super) static MARK_COLLISIONS: Finding = Finding {
    code: "mark_collisions",
    title: "the text holds the default separator or stop",
    why: "The model would see a separator or a stop that no format has written; format rejects such rows.",
    repair: "PromptFormat.suggest(…) finds marks that are in no row",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Literals(LITERALS, check),
    applies,
};

/// The default separator and stop, and the same with other line ends.
const LITERALS: &[&str] = &["\n##\n", "\n###\n", "\r\n##\r\n", "\r\n###\r\n"];

/// A format with marks of its own has no need of these.
fn applies(facts: &Facts, _: u64) -> bool {
    !facts.has_own_marks
}

fn check(row: &Row<'_>, hit: Hit) -> Option<Match> {
    let Match { text, start, end } = hit.found;
    let said = row.texts[text];
    let is_rendered = match said.speaker {
        // At the end of a text a format has written it, perhaps with more line ends.
        Speaker::User | Speaker::Answer | Speaker::Rejected => !said.text[end..].trim_start().is_empty(),
        Speaker::Column => true,
        _ => false,
    };
    (is_rendered && start < end).then_some(hit.found)
}
