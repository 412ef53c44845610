//! The tokens at which a model stops.

use super::end_token::EndTokens;
use super::probe::{CALL, answered};
use super::provenance::Provenance;
use crate::chat::ChatFormat;

/// The tokens that end turns, as text, without those that the template writes within a turn too.
pub(in crate::chat) fn stops(format: &ChatFormat, ends: &EndTokens) -> Vec<String> {
    // Answers with parts, between which a template may write a token that also ends turns.
    let answers = [
        r#""reasoning_content":"Spiders are arachnids.","content":"A spider has eight of them.""#.to_string(),
        format!(r#""content":"Let me look.",{CALL}"#),
        format!(r#""reasoning_content":"I cannot know.",{CALL}"#),
    ];
    let within: Vec<Vec<char>> = answers.iter().filter_map(|answer| within(format, answer)).collect();
    let is_within =
        |token: &[char]| within.iter().any(|text| text.windows(token.len()).any(|window| window == token));
    let mut stops: Vec<String> = Vec::new();
    for token in ends.tokens().filter(|token| !is_within(token)) {
        let token = token.iter().collect();
        if !stops.contains(&token) {
            stops.push(token);
        }
    }
    stops
}

/// What the template writes between the first and the last text of an answer; none if the answer is not printed.
fn within(format: &ChatFormat, answer: &str) -> Option<Vec<char>> {
    let found = answered(format, answer)?;
    let is_answer = |at: &usize| found.message(*at) == Some(1);
    let first = (0..found.text.len()).find(is_answer)?;
    let last = (0..found.text.len()).rfind(is_answer)?;
    Some(own_text(&found, first, last))
}

/// The template's own text between two characters.
fn own_text(found: &Provenance, first: usize, last: usize) -> Vec<char> {
    (first..last).filter(|at| found.origins[*at].is_none()).map(|at| found.text[at]).collect()
}
