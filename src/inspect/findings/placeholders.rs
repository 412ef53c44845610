//! Placeholders that were not filled.

use crate::inspect::finding::{Among, Check, Finding, Harm, Hit, always};
use crate::inspect::row::{Match, Row};

/// Placeholders that were not filled.
pub(super) static PLACEHOLDERS: Finding = Finding {
    code: "placeholders",
    title: "placeholders that were not filled",
    why: "The model learns to write the placeholder instead of a name or a value.",
    repair: "filter(…), or with_columns(…)",
    is_hint: true,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Literals(LITERALS, check),
    applies: always,
};

const LITERALS: &[&str] = &[
    "lorem ipsum",
    "{{",
    "<noinput>",
    "<no input>",
    "[your name]",
    "[insert ",
    "[name]",
    "[company name]",
    "[recipient",
    "[company]",
    "[your company",
    "[placeholder",
    "<placeholder",
    "[date]",
    "[sender",
    "[address]",
    "[phone number]",
    "[email address]",
    "[customer name]",
    "[product name]",
    "[position]",
    "[job title]",
];

/// The longest name in double braces, in bytes.
const LONGEST: usize = 40;

fn check(row: &Row<'_>, hit: Hit) -> Option<Match> {
    let Match { text, start, end } = hit.found;
    if hit.literal != "{{" {
        // An index, as in `row[name]`, is code.
        let is_index = row.texts[text].text[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        return (!is_index).then_some(hit.found);
    }
    // A name in double braces; in code, double braces hold more than a name.
    let inner = &row.texts[text].text[end..];
    let close = inner[..inner.floor_char_boundary(LONGEST + 2)].find("}}")?;
    let name = inner[..close].trim();
    let is_name = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ' ' | '-'))
        && name.starts_with(|c: char| c.is_alphabetic());
    is_name.then_some(Match { text, start, end: end + close + 2 })
}
