//! What each part of a turn of the assistant is: reasoning, calls, or content.
//!
//! What comes from the data is of the kind of its member. What the template writes before the first text of a turn opens
//! that text, and what it writes after the last one closes it, the token that ends the turn too. Between texts of two kinds it
//! closes the first as far as it is known to do so whatever follows; the rest opens the second.

use super::Conversation;
use super::fault::ChatFault;
use super::kind_weights::KindWeights;
use super::spans::{Closings, Kind, Leaf, Proof, is_assistant};
use crate::record::reason::NOT_PROVEN;
use crate::record::turns::SpanKind;
use crate::template::is_space;
use crate::word::Word;

/// The marks of reasoning within a content.
const THINK: [&str; 2] = ["<think>", "</think>"];

/// Tells the kinds of a turn apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kinds<'a> {
    pub(super) weights: KindWeights,
    pub(super) closings: &'a Closings,
}

impl Kinds<'_> {
    /// The kinds of the characters `start..end` of a render, which are a turn: where each ends.
    ///
    /// # Errors
    /// It is not known where one ends, and they have different factors.
    pub(super) fn of_turn(
        &self,
        conversation: &Conversation,
        proof: &Proof,
        turn: usize,
        (start, end): (usize, usize),
    ) -> Result<Vec<(usize, SpanKind)>, ChatFault> {
        let found = &proof.found;
        let own = |leaf: &Leaf| leaf.message == turn && leaf.kind == Kind::Content;
        let mut thought = vec![0; found.leaves.len()];
        for (leaf, thought) in found.leaves.iter().zip(&mut thought).filter(|(leaf, _)| own(leaf)) {
            *thought = match reasoning_within(leaf.text(&conversation.messages)) {
                Some(length) => length,
                None if self.are_alike(SpanKind::Reasoning, SpanKind::Content) => 0,
                None => {
                    let [open, close] = THINK;
                    let name = leaf.name();
                    let detail = format!(
                        "`{name}` of message {turn} does not begin with {open}, or has several of {open} and {close}"
                    );
                    return Err(fault(turn, detail));
                }
            };
        }
        let kind = |at: usize| {
            let (leaf, offset) = found.origins[at]?;
            let is_thought = offset < thought[leaf];
            let kind = if is_thought { SpanKind::Reasoning } else { found.leaves[leaf].kind.of_span() };
            (found.leaves[leaf].message == turn).then_some(kind)
        };
        let mut ends = Vec::new();
        let mut before: Option<(usize, SpanKind)> = None;
        for at in start..end {
            let Some(kind) = kind(at) else { continue };
            if let Some((from, other)) = before.filter(|(_, other)| *other != kind) {
                let between = &found.text[from..at];
                let closing = match self.closings.length(other, between) {
                    _ if between.is_empty() => 0,
                    Some(length) => length,
                    None if self.are_alike(kind, other) => 0,
                    None => {
                        let between: String = between.iter().collect();
                        let (other, kind) = (other.name(), kind.name());
                        let detail = format!(
                            "{between:?} is between {other} and {kind} of message {turn}, and it is not known which of it belongs to which"
                        );
                        return Err(fault(turn, detail));
                    }
                };
                ends.push((from + closing, other));
            }
            before = Some((at + 1, kind));
        }
        ends.push((end, before.map_or(SpanKind::Content, |(_, kind)| kind)));
        Ok(ends)
    }

    fn are_alike(&self, a: SpanKind, b: SpanKind) -> bool {
        self.weights.of(a) == self.weights.of(b)
    }
}

fn fault(message: usize, detail: String) -> ChatFault {
    ChatFault { code: NOT_PROVEN, message, member: None, detail }
}

/// Whether a content of the assistant may hold reasoning.
pub(super) fn may_hold_reasoning(conversation: &Conversation) -> bool {
    let messages = &conversation.messages;
    Leaf::all(messages).iter().any(|leaf| {
        let is_content = leaf.kind == Kind::Content && is_assistant(&messages[leaf.message]);
        is_content && THINK.iter().any(|mark| leaf.text(messages).contains(mark))
    })
}

/// How many characters at the start of a content are reasoning: those from `<think>` through `</think>` and white space after
/// it. None where the marks are somewhere else too.
fn reasoning_within(text: &str) -> Option<usize> {
    let [open, close] = THINK;
    match THINK.map(|mark| text.matches(mark).count()) {
        [0, 0] => Some(0),
        [1, 1] if text.trim_start_matches(is_space).starts_with(open) => {
            let end = text.find(close)? + close.len();
            let rest = text[end..].trim_start_matches(is_space);
            Some(text[..text.len() - rest.len()].chars().count())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasoning_within_a_content_is_between_its_marks() {
        for (text, reasoning) in [
            ("a", Some(0)),
            ("", Some(0)),
            ("<think>é</think>\n\na", Some(18)),
            (" <think></think>", Some(16)),
            ("é</think>a", None),
            ("a <think>b</think>", None),
            ("<think>a", None),
            ("<think>a</think>b</think>", None),
            ("</think><think>", None),
        ] {
            assert_eq!(reasoning_within(text), reasoning, "{text}");
        }
    }
}
