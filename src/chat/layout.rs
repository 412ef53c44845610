//! Where the texts of a conversation are in its render: the same for conversations of one shape.

use std::borrow::Cow;

use super::Conversation;
use super::seeker::Seeker;
use super::shape::{Class, Detail};
use super::spans::{Leaf, Proof, json};
use super::training_row::{ChatFault, Masked, NOT_PROVEN, TrainingRow};
use crate::record::turns::{Branch, Role, Span};
use crate::template::is_space;

/// The first of the characters that may be placeholders.
const FIRST: char = '\u{f0000}';

/// The pieces of a render, and what was found about it.
#[derive(Debug)]
pub(super) struct Layout {
    pieces: Vec<Piece>,
    /// The faults of a row and how its marks differ, or why no exact mask exists.
    outcome: Result<(Vec<ChatFault>, Vec<&'static str>), ChatFault>,
}

/// A piece of a render.
#[derive(Debug)]
struct Piece {
    part: Part,
    /// The span that it belongs to.
    span: Span,
}

#[derive(Debug)]
enum Part {
    /// The same for all conversations of the shape.
    Same(String),
    /// The text with this number.
    Text {
        number: usize,
        /// Bytes of white space at its start and its end that are not printed.
        skipped: (usize, usize),
        escaped: Escaped,
    },
}

/// How a text is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escaped {
    No,
    Json,
    JsonAscii,
}

impl Escaped {
    fn print(self, text: &str) -> Cow<'_, str> {
        match self {
            Escaped::No => Cow::Borrowed(text),
            Escaped::Json => Cow::Owned(json(text, false)),
            Escaped::JsonAscii => Cow::Owned(json(text, true)),
        }
    }
}

impl Layout {
    /// The layout of an example, about whose render all is proven; none if a text is printed in a way that does not say
    /// where another text would be.
    pub(super) fn new(example: &Conversation, proof: &Proof, seeker: &Seeker, row: Masked) -> Option<Self> {
        let found = &proof.found;
        if !found.whole || !found.lost.is_empty() || !found.unclear.is_empty() {
            return None;
        }
        let numbers = numbers(example, &found.leaves, seeker);
        let (spans, outcome) = match row {
            Ok(TrainingRow { spans, faults, marks, .. }) => (spans, Ok((faults, marks))),
            // What cannot be proven of the example may be proven of another conversation.
            Err(fault) if fault.code == NOT_PROVEN => return None,
            Err(fault) => (Vec::new(), Err(fault)),
        };
        let mut spans = spans.into_iter();
        let none = Span {
            end: u32::MAX,
            role: Role::User,
            trained: false,
            from_data: false,
            weight: 1.0,
            branch: Branch::Main,
            kind: None,
        };
        let mut span = spans.next().unwrap_or(none);
        let mut pieces: Vec<Piece> = Vec::new();
        let (mut at, mut bytes) = (0, 0u32);
        while at < found.text.len() {
            let leaf = found.origins[at].map(|(leaf, _)| leaf);
            let start = at;
            while at < found.text.len() && bytes < span.end && continues(&found.origins, start, at) {
                bytes += found.text[at].len_utf8() as u32;
                at += 1;
            }
            let printed: String = found.text[start..at].iter().collect();
            let part = match leaf.and_then(|leaf| Some((leaf, numbers[leaf]?))) {
                None => Part::Same(printed),
                Some((leaf, number)) => {
                    let offset = |at: usize| found.origins[at].map(|(_, offset)| offset);
                    let range = (offset(start)?, offset(at - 1)? + 1);
                    text_part(found.leaves[leaf].text(&example.messages), range, &printed, number)?
                }
            };
            pieces.push(Piece { part, span });
            if bytes >= span.end {
                span = spans.next().unwrap_or(none);
            }
        }
        Some(Layout { pieces, outcome })
    }

    /// Whether a text whose texts are placeholders is laid out so.
    pub(super) fn fits(&self, text: &str, placeholders: &[(String, char)]) -> bool {
        let mut rest = text;
        for Piece { part, .. } in &self.pieces {
            let expected = match part {
                Part::Same(same) => Cow::Borrowed(same.as_str()),
                Part::Text { number, skipped, escaped } => {
                    let printed = placeholders.get(*number).and_then(|(text, json)| {
                        let text = text.get(skipped.0..text.len() - skipped.1)?;
                        let form = |c| if c >= FIRST { *json } else { c };
                        match escaped {
                            Escaped::No => Some(text.to_string()),
                            Escaped::Json => Some(escaped.print(text).chars().map(form).collect()),
                            Escaped::JsonAscii => None,
                        }
                    });
                    let Some(printed) = printed else { return false };
                    Cow::Owned(printed)
                }
            };
            let Some(after) = rest.strip_prefix(&*expected) else { return false };
            rest = after;
        }
        rest.is_empty()
    }

    /// The row of a conversation of this shape, if all renders of this shape are laid out so.
    pub(super) fn composed(&self, texts: &[&str]) -> Option<Masked> {
        let (faults, marks) = match &self.outcome {
            Ok((faults, marks)) => (faults.clone(), marks.clone()),
            Err(fault) => return Some(Err(fault.clone())),
        };
        let bytes = |piece: &Piece| match &piece.part {
            Part::Same(same) => same.len(),
            Part::Text { number, .. } => texts.get(*number).map_or(0, |text| text.len()),
        };
        let mut text = String::with_capacity(self.pieces.iter().map(bytes).sum());
        let mut spans = Vec::with_capacity(self.pieces.len());
        for Piece { part, span } in &self.pieces {
            let before = text.len();
            match part {
                Part::Same(same) => text.push_str(same),
                Part::Text { number, skipped, escaped } => {
                    let whole = texts.get(*number)?;
                    text.push_str(&escaped.print(whole.get(skipped.0..whole.len() - skipped.1)?));
                }
            }
            add(&mut spans, *span, before, text.len());
        }
        Some(Ok(TrainingRow { text, spans, faults, marks }))
    }

    /// The row of a conversation of this shape; none if its render is not laid out so.
    pub(super) fn row(&self, text: String, texts: &[&str]) -> Option<Masked> {
        let mut rest = text.as_str();
        let mut spans: Vec<Span> = Vec::new();
        for Piece { part, span } in &self.pieces {
            let before = rest.len();
            rest = match part {
                Part::Same(same) => rest.strip_prefix(same.as_str())?,
                Part::Text { number, skipped, escaped } => {
                    let whole = texts.get(*number)?;
                    let printed = whole.get(skipped.0..whole.len() - skipped.1)?;
                    rest.strip_prefix(&*escaped.print(printed))?
                }
            };
            add(&mut spans, *span, text.len() - before, text.len() - rest.len());
        }
        if !rest.is_empty() {
            return None;
        }
        Some(match &self.outcome {
            Ok((faults, marks)) => {
                Ok(TrainingRow { text, spans, faults: faults.clone(), marks: marks.clone() })
            }
            Err(fault) => Err(fault.clone()),
        })
    }
}

/// Adds the span of a piece from byte `start` to `end`.
fn add(spans: &mut Vec<Span>, span: Span, start: usize, end: usize) {
    if start == end {
        return;
    }
    let span = Span { end: end as u32, ..span };
    match spans.last_mut() {
        Some(last) if (Span { end: span.end, ..*last }) == span => *last = span,
        _ => spans.push(span),
    }
}

/// The numbers of those texts that do not belong to the shape.
fn numbers(example: &Conversation, leaves: &[Leaf], seeker: &Seeker) -> Vec<Option<usize>> {
    let mut next = 0;
    let number = |leaf: &Leaf| {
        Class::of(leaf.kind, leaf.text(&example.messages), seeker, Detail::Edges)?;
        next += 1;
        Some(next - 1)
    };
    leaves.iter().map(number).collect()
}

/// Whether character `at` belongs to the piece that begins at `start`.
fn continues(origins: &[Option<(usize, usize)>], start: usize, at: usize) -> bool {
    match (origins[start], origins[at]) {
        (None, None) => true,
        (Some(first), Some((leaf, offset))) => {
            let before = origins[at.max(start + 1) - 1].map_or(first.1, |(_, offset)| offset);
            leaf == first.0 && (at == start || offset == before || offset == before + 1)
        }
        _ => false,
    }
}

/// The piece that prints the characters `range` of a text.
fn text_part(text: &str, range: (usize, usize), printed: &str, number: usize) -> Option<Part> {
    let byte = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
    let (start, end) = (byte(range.0), byte(range.1));
    let is_blank = |text: &str| text.chars().all(is_space);
    if !is_blank(&text[..start]) || !is_blank(&text[end..]) {
        return None;
    }
    let all = [Escaped::No, Escaped::Json, Escaped::JsonAscii];
    let escaped = all.into_iter().find(|escaped| escaped.print(&text[start..end]) == printed)?;
    Some(Part::Text { number, skipped: (start, text.len() - end), escaped })
}
