//! Some long answers are Markdown, and others are plain text.

use crate::inspect::finding::{Among, Check, Finding, Harm, Side, always};
use crate::inspect::row::{Match, Row};

/// Some long answers are Markdown, and others are plain text.
pub(super) static MIXED_MARKDOWN: Finding = Finding {
    code: "mixed_markdown",
    title: "some long answers are Markdown, others are plain text",
    why: "The model has to guess the style; say in the prompt which one is wanted, or use one.",
    repair: "with_columns(…)",
    is_hint: true,
    harm: Harm::Minor,
    among: Among::Answers,
    check: Check::Either("have marks of Markdown", "have none", check),
    applies: always,
};

/// Shorter answers need no structure.
const LEAST: usize = 400;
/// Marks of headings, emphasis and code blocks.
const MARKS: [&str; 5] = ["**", "\n# ", "\n## ", "\n### ", "```"];

fn check(row: &Row<'_>) -> Option<(Side, Match)> {
    let (text, said) = row.answer()?;
    if said.len() < LEAST {
        return None;
    }
    let found = MARKS.iter().find_map(|mark| {
        let start = memchr::memmem::find(said.as_bytes(), mark.as_bytes())?;
        Some(Match { text, start, end: start + mark.len() })
    });
    let start = Match { text, start: 0, end: said.ceil_char_boundary(20) };
    Some(found.map_or((Side::Second, start), |found| (Side::First, found)))
}
