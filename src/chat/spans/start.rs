//! Where a turn of the assistant starts: where the generation prompt before it ends.

use super::leaf::Leaf;
use super::provenance::Provenance;
use super::render::Render;
use super::stand_in::MARK;
use crate::template::{Data, is_space};

/// A start, or why there is none.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) at: Option<usize>,
    pub(super) state: &'static str,
}

fn none(state: &'static str) -> Start {
    Start { at: None, state }
}

/// The start of the turn of message `i`, whose first character is number `first` of the render. The characters from
/// `before` to there are the template's own.
pub(super) fn start_of(
    render: &Render,
    messages: &[Data],
    i: usize,
    found: &Provenance,
    before: usize,
    first: usize,
) -> Start {
    let short = &messages[..i];
    if short.is_empty() {
        return none("first_message");
    }
    let mut state = "no_mark";
    // What is between the last text before the turn and the turn is compared with what is after that text at inference.
    let last = before.checked_sub(1).and_then(|at| found.origins[at]).map(|(leaf, _)| &found.leaves[leaf]);
    if let Some(tail) = last.filter(|leaf| leaf.message < i).and_then(|leaf| tail(render, short, leaf)) {
        let pre = &found.text[before..first];
        if let Some(length) = length_of(&tail, pre) {
            return match is_prompt_end(render, short, &tail) {
                true => Start { at: Some(before + length), state: "ok" },
                false => none("prompt_differs"),
            };
        }
        state = if tail.starts_with(pre) { "prompt_longer" } else { "prompt_differs" };
    }
    let Ok(prompt) = render.text(short, true) else { return none("prefix_fails") };
    let length = prompt.chars().count();
    let is_prefix =
        (before..=first).contains(&length) && prompt.chars().eq(found.text[..length].iter().copied());
    if is_prefix { Start { at: Some(length), state: "ok" } } else { none(state) }
}

/// How long the generation prompt `tail` is at the start of `pre`; white space may be before it that belongs to the text
/// before, or that the template strips from one of both.
fn length_of(tail: &[char], pre: &[char]) -> Option<usize> {
    let lead = lead(pre);
    for cut in [0, lead] {
        if pre[cut..].starts_with(tail) {
            return Some(cut + tail.len());
        }
    }
    let bare = &tail[self::lead(tail)..];
    (!bare.is_empty() && pre[lead..].starts_with(bare)).then_some(lead + bare.len())
}

/// How much white space a text begins with.
fn lead(text: &[char]) -> usize {
    text.iter().take_while(|c| is_space(**c)).count()
}

/// Whether the prompt ends in `tail` without the mark too: a template may decide its generation prompt by the whole text.
fn is_prompt_end(render: &Render, short: &[Data], tail: &[char]) -> bool {
    let Ok(prompt) = render.text(short, true) else { return false };
    let mut end = prompt.chars().rev();
    tail.iter().rev().all(|c| end.next() == Some(*c))
}

/// What the template prints after a text, with the generation prompt: a mark at its end shows where it ends.
fn tail(render: &Render, short: &[Data], leaf: &Leaf) -> Option<Vec<char>> {
    let mut marked = short.to_vec();
    leaf.put(&mut marked, format!("{}{MARK}", leaf.text(short).trim_end_matches(is_space)));
    let text = render.text(&marked, true).ok()?;
    Some(text.rsplit_once(MARK)?.1.chars().collect())
}
