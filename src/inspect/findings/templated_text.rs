//! Texts in which a template has already written turns.

use crate::inspect::checks::is_exact;
use crate::inspect::finding::{Among, Check, Finding, Harm, Hit, always};
use crate::inspect::row::{Match, Row, Speaker};

/// Texts in which a template has already written turns.
pub(super) static TEMPLATED_TEXT: Finding = Finding {
    code: "templated_text",
    title: "text that a template has already written",
    why: "Written again by a template, a row has the marks of turns twice, and turns within a turn.",
    repair: "scan the data before it was rendered, or PromptFormat.rendered(…)",
    is_hint: false,
    harm: Harm::Severe,
    among: Among::Rows,
    check: Check::Literals(LITERALS, check),
    applies: always,
};

const LITERALS: &[&str] = &[
    "<|im_start|>",
    "<|start_header_id|>",
    "<start_of_turn>",
    "[INST]",
    "<|START_OF_TURN_TOKEN|>",
    "### Instruction:",
    "### Response:",
    "\n\nAssistant:",
    "\nASSISTANT:",
    "\n<|assistant|>",
    "\u{ff5c}Assistant\u{ff5c}>",
];

fn check(row: &Row<'_>, hit: Hit) -> Option<Match> {
    let text = hit.found.text;
    let said = row.texts[text];
    let is_said =
        matches!(said.speaker, Speaker::User | Speaker::Answer | Speaker::Rejected | Speaker::Column);
    if !is_said {
        return None;
    }
    // A template of one turn is enough in a prompt or an answer; a transcript has two speakers.
    let person = match hit.literal {
        "\n\nAssistant:" => "Human:",
        "\nASSISTANT:" => "USER:",
        _ => return is_exact(row, &hit).then_some(hit.found),
    };
    if !hit.is_first_of_text || !said.text.contains(person) {
        return None;
    }
    let start = said.text.find(hit.literal)?;
    Some(Match { text, start, end: start + hit.literal.len() })
}
