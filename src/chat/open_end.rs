//! A last turn that no token ends: what happens to its row.

use super::spans::{Proof, TurnSpans};
use crate::record::Policy;
use crate::record::turns::Span;
use crate::template::is_space;
use crate::word::Word;

/// What happens to a row of whose last turn the template prints no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnOpenEnd {
    /// It is removed, or the run ends.
    Remove(Policy),
    /// The turn trains as it is.
    Keep,
    /// The EOS token is put after it, and trains.
    AppendEos,
}

impl Default for OnOpenEnd {
    fn default() -> Self {
        OnOpenEnd::Remove(Policy::Reject)
    }
}

impl Word for OnOpenEnd {
    const ALL: &'static [Self] = &[
        OnOpenEnd::Remove(Policy::Reject),
        OnOpenEnd::Remove(Policy::Drop),
        OnOpenEnd::Remove(Policy::Raise),
        OnOpenEnd::Keep,
        OnOpenEnd::AppendEos,
    ];

    fn name(self) -> &'static str {
        match self {
            OnOpenEnd::Remove(policy) => policy.name(),
            OnOpenEnd::Keep => "keep",
            OnOpenEnd::AppendEos => "append_eos",
        }
    }
}

/// Where the last text of a turn ends, if the template prints nothing but white space after it.
pub(super) fn open_end(proof: &Proof, turn: &TurnSpans) -> Option<usize> {
    let texts = turn.texts.iter().flat_map(|text| &text.segments);
    let end = texts.map(|(_, end)| *end).max().or(turn.first)?;
    let after = proof.found.text.get(end..)?;
    let is_own = |at: usize| proof.found.message(at).is_some();
    (after.iter().all(|c| is_space(*c)) && !(end..proof.found.text.len()).any(is_own)).then_some(end)
}

/// Whether the last turn of a row trains up to its last text, and not through a token after it.
pub(super) fn is_open(spans: &[Span]) -> bool {
    spans.iter().rev().find(|span| span.is_in_turn()).is_some_and(|span| span.from_data)
}

/// Puts a token after the last turn of a row; it trains.
pub(super) fn append(text: &mut String, spans: &mut Vec<Span>, token: &str) {
    let Some(last) = spans.iter().rposition(Span::is_in_turn) else { return };
    text.insert_str(spans[last].end as usize, token);
    spans.insert(last + 1, Span { from_data: false, ..spans[last] });
    // A row is far shorter than 4 GiB.
    spans[last + 1..].iter_mut().for_each(|span| span.end += token.len() as u32);
}
