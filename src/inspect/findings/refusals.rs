//! Answers that refuse.

use crate::inspect::checks::is_answer;
use crate::inspect::finding::{Among, Check, Finding, Harm, Hit, always};
use crate::inspect::row::{Match, Row};

/// Answers that refuse.
pub(super) static REFUSALS: Finding = Finding {
    code: "refusals",
    title: "answers that refuse",
    why: "The model learns to refuse; decide whether these are the requests that it should refuse.",
    repair: "filter(…)",
    is_hint: true,
    harm: Harm::Moderate,
    among: Among::Answers,
    check: Check::Literals(LITERALS, check),
    applies: always,
};

const LITERALS: &[&str] = &[
    "i cannot ",
    "i can't ",
    "i can\u{2019}t ",
    "i can not ",
    "i am unable to ",
    "i'm unable to ",
    "i\u{2019}m unable to ",
    "i am not able to ",
    "i'm not able to ",
    "i\u{2019}m not able to ",
    "i won't be able to ",
    "i will not be able to ",
];
/// What is refused, right after the literal.
const REFUSED: &[&str] = &[
    "assist",
    "help with",
    "help you",
    "provide",
    "fulfill",
    "fulfil",
    "comply",
    "answer that",
    "answer this",
    "create",
    "generate",
    "complete",
    "respond",
    "process",
    "perform",
    "write",
    "browse",
    "give you",
    "share",
    "engage",
    "support",
    "recommend",
    "offer",
    "analyze",
    "translate",
    "access",
    "directly",
];
/// Where the first sentence or two end, in bytes.
const NEAR_START: usize = 120;

fn check(row: &Row<'_>, hit: Hit) -> Option<Match> {
    let Match { text, start, end } = hit.found;
    if !is_answer(row, text) || start > NEAR_START {
        return None;
    }
    let (before, after) = (&row.texts[text].text[..start], &row.texts[text].text[end..]);
    // The model speaks for itself: at the start of a sentence or a clause, and not in quotes.
    let before = before.trim_end();
    let starts =
        before.is_empty() || before.ends_with(['.', ',', '!', ':', ';', '-']) || before.ends_with("but");
    let quoted = before.matches('"').count() % 2 == 1 || before.ends_with('\u{201c}');
    let object =
        REFUSED.iter().find(|word| after.get(..word.len()).is_some_and(|a| a.eq_ignore_ascii_case(word)))?;
    (starts && !quoted).then_some(Match { text, start, end: end + object.len() })
}
