//! Answers that speak of the model as another product.

use crate::inspect::checks::is_answer;
use crate::inspect::finding::{Among, Check, Finding, Harm, Hit, always};
use crate::inspect::row::{Match, Row};

/// Answers that speak of the model as another product.
pub(super) static ASSISTANT_IDENTITY: Finding = Finding {
    code: "assistant_identity",
    title: "answers in which the model says what it is",
    why: "The model takes the name, the maker and the limits of another one.",
    repair: "filter(…), or with_columns(…)",
    is_hint: true,
    harm: Harm::Moderate,
    among: Among::Answers,
    check: Check::Literals(LITERALS, check),
    applies: always,
};

const LITERALS: &[&str] = &[
    "as an ai language model",
    "as a large language model",
    "as an ai assistant",
    "as an ai model",
    "as an ai,",
    "as an artificial intelligence",
    "as a language model",
    "i am an ai",
    "i'm an ai",
    "i\u{2019}m an ai",
    "i am a large language model",
    "i'm a large language model",
    "i am chatgpt",
    "i'm chatgpt",
    "i am claude",
    "i'm claude",
    "i am gemini",
    "i'm gemini",
    "i am qwen",
    "i'm qwen",
    "i am deepseek",
    "i'm deepseek",
    "my knowledge cutoff",
    "i was created by openai",
    "i was developed by openai",
    "i was trained by openai",
    "i was created by anthropic",
    "i was trained by google",
];

/// How far before it a quotation is looked for in its line, in bytes.
const QUOTED: usize = 1_000;

fn check(row: &Row<'_>, hit: Hit) -> Option<Match> {
    let Match { text, start, end } = hit.found;
    let said = row.texts[text].text;
    // A whole word; what the model says of others, and what it quotes, is no claim.
    let ends = hit.literal.ends_with(',') || !said[end..].starts_with(char::is_alphanumeric);
    let starts = !said[..start].ends_with(char::is_alphanumeric);
    let line = &said[said.floor_char_boundary(start.saturating_sub(QUOTED))..start];
    let quoted = line[line.rfind('\n').map_or(0, |end| end + 1)..].matches('"').count() % 2 == 1;
    // \"As an AI assistant\" is a claim where the sentence goes on with the first person.
    let rest = said[end..].trim_start_matches([',', ' ']);
    let first_person = [
        "i ",
        "i'",
        "i\u{2019}",
        "my ",
        "it is not",
        "it's not",
        "developed",
        "created",
        "trained",
        "without",
    ];
    let goes_on = !hit.literal.starts_with("as ")
        || first_person
            .iter()
            .any(|word| rest.get(..word.len()).is_some_and(|r| r.eq_ignore_ascii_case(word)));
    (is_answer(row, text) && starts && ends && !quoted && goes_on).then_some(hit.found)
}
