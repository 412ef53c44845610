//! A row as turns: its rendered text, and spans that say whose turn a part of the text is, and whether it trains.
//!
//! A row with the columns `prompt` and `completion` is two turns, made by [`pair`]; it has no other columns for them.
//! Rows of any other turns are stored in two hidden columns, which [`TurnRows`] reads.

use arrow::array::{Array, AsArray, BinaryArray, RecordBatch, StringViewArray};

use super::schema::{COMPLETION, PROMPT, TURNS, TURNS_TEXT};
use crate::arrow_result::ArrowResult;
use crate::error::{Error, Result};
use crate::word::Word;

/// The role of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The first turn of a pair.
    Prompt,
    /// The second turn of a pair.
    Completion,
    /// Instructions at the start of a dialogue.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// The result of a tool that the model called.
    Tool,
}

impl Word for Role {
    const ALL: &'static [Self] =
        &[Role::Prompt, Role::Completion, Role::System, Role::User, Role::Assistant, Role::Tool];

    fn name(self) -> &'static str {
        match self {
            Role::Prompt => PROMPT,
            Role::Completion => COMPLETION,
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        }
    }
}

/// Which of a row's texts a span belongs to. A preference has two answers to the same text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Branch {
    /// The only text, or what the two answers have in common.
    Main,
    /// The answer that is preferred.
    Chosen,
    /// The other answer.
    Rejected,
}

impl Word for Branch {
    const ALL: &'static [Self] = &[Branch::Main, Branch::Chosen, Branch::Rejected];

    fn name(self) -> &'static str {
        match self {
            Branch::Main => "main",
            Branch::Chosen => "chosen",
            Branch::Rejected => "rejected",
        }
    }
}

/// What a part of a turn of the assistant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// What is thought before.
    Reasoning,
    /// Calls of tools.
    Calls,
    /// What is said.
    Content,
}

impl Word for SpanKind {
    const ALL: &'static [Self] = &[SpanKind::Reasoning, SpanKind::Calls, SpanKind::Content];

    fn name(self) -> &'static str {
        match self {
            SpanKind::Reasoning => "reasoning",
            SpanKind::Calls => "calls",
            SpanKind::Content => "content",
        }
    }
}

/// A part of a row's text. It starts where the span before it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// The byte offset of its end in the row's text.
    pub end: u32,
    /// Whose turn it belongs to.
    pub role: Role,
    /// Whether its tokens train.
    pub trained: bool,
    /// Whether it came from the data; otherwise a template wrote it.
    pub from_data: bool,
    /// Its factor in the loss.
    pub weight: f32,
    /// Which of the row's texts it belongs to.
    pub branch: Branch,
    /// What it is of a turn whose kinds have factors of their own; none elsewhere. The kinds of a turn are encoded at once,
    /// whichever of them train.
    pub kind: Option<SpanKind>,
}

impl Span {
    /// Whether it belongs to a turn that trains, or of which other kinds train.
    pub(crate) fn is_in_turn(&self) -> bool {
        self.trained || self.kind.is_some()
    }
}

/// A row's text, with spans that cover it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turns<'a, 's> {
    text: &'a str,
    spans: &'s [Span],
}

/// Neighbouring spans that train alike: the text that is encoded at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part<'a> {
    /// The role of its first span.
    pub role: Role,
    /// Its text.
    pub text: &'a str,
    /// Whether its tokens train; of a turn with several kinds, whether it is a turn that trains.
    pub trained: bool,
    /// Its factor in the loss; of a turn with several kinds, that of the first.
    pub weight: f32,
    /// Which of the row's texts it belongs to.
    pub branch: Branch,
}

/// The two turns of a row of prompt and completion.
pub(crate) fn pair<'a>(prompt: &'a str, completion: &'a str) -> [Part<'a>; 2] {
    let part = |role, text, trained| Part { role, text, trained, weight: 1.0, branch: Branch::Main };
    [part(Role::Prompt, prompt, false), part(Role::Completion, completion, true)]
}

impl<'a, 's> Turns<'a, 's> {
    /// Checks that the spans fit the text.
    ///
    /// # Errors
    /// `Internal`, where the spans do not cover the text in order, cut a character, return to an earlier branch, or
    /// have a weight that is below 0 or not a number.
    pub(crate) fn new(text: &'a str, spans: &'s [Span]) -> Result<Self> {
        let starts = std::iter::once(0).chain(spans.iter().map(|span| span.end));
        let in_order = starts.zip(spans).all(|(start, span)| start <= span.end);
        let covered = spans.last().map_or(0, |span| span.end as usize) == text.len();
        let fault = if !in_order || !covered {
            "do not cover its text"
        } else if !spans.iter().all(|span| text.is_char_boundary(span.end as usize)) {
            "cut a character"
        } else if !spans.is_sorted_by_key(|span| span.branch) {
            "return to an earlier branch"
        } else if !spans.iter().all(|span| span.weight.is_finite() && span.weight >= 0.0) {
            "have a weight that is not a number of 0 or more"
        } else {
            return Ok(Turns { text, spans });
        };
        Err(Error::internal(format!("the spans of a row of {} bytes {fault}", text.len())))
    }

    /// The text.
    pub(crate) fn text(self) -> &'a str {
        self.text
    }

    /// The text in parts: neighbouring spans that train alike are one part.
    pub(crate) fn parts(self) -> impl Iterator<Item = Part<'a>> + use<'a, 's> {
        let Turns { text, spans } = self;
        let mut start = 0;
        alike(spans).filter_map(move |spans| {
            let (first, last) = (spans.first()?, spans.last()?);
            let Span { role, weight, branch, .. } = *first;
            let trained = first.is_in_turn();
            let text = &text[start..last.end as usize];
            start = last.end as usize;
            Some(Part { role, text, trained, weight, branch })
        })
    }
}

/// Groups neighbouring spans that train alike, or are of one turn: the spans of each [`Part`].
pub(crate) fn alike(spans: &[Span]) -> impl Iterator<Item = &[Span]> {
    // Each turn that trains starts an encoding of its own; its kinds do not.
    let is_same_turn = |a: &Span, b: &Span| !a.is_in_turn() || a.role == b.role;
    let train_alike = |a: &Span, b: &Span| match (a.kind, b.kind) {
        (None, None) => (a.trained, a.weight) == (b.trained, b.weight),
        (Some(_), Some(_)) => true,
        _ => false,
    };
    spans.chunk_by(move |a, b| a.branch == b.branch && train_alike(a, b) && is_same_turn(a, b))
}

/// Length of an encoded span: end and weight (4 bytes each, little-endian), role, branch and flags (1 byte each).
pub(super) const SPAN_BYTES: usize = 11;
pub(super) const TRAINED: u8 = 1;
pub(super) const FROM_DATA: u8 = 2;
/// From this bit on, the number of the kind from 1; 0 for none.
pub(super) const KIND: u8 = 2;

/// The key in the metadata of the field; present where weights other than 1 may occur.
pub(super) const WEIGHTED: &str = "weighted";

fn decode(bytes: &[u8], spans: &mut Vec<Span>) -> Option<()> {
    let (encoded, rest) = bytes.as_chunks::<SPAN_BYTES>();
    spans.clear();
    for &[e0, e1, e2, e3, w0, w1, w2, w3, role, branch, flags] in encoded {
        spans.push(Span {
            end: u32::from_le_bytes([e0, e1, e2, e3]),
            role: *Role::ALL.get(usize::from(role))?,
            trained: flags & TRAINED > 0,
            from_data: flags & FROM_DATA > 0,
            weight: f32::from_le_bytes([w0, w1, w2, w3]),
            branch: *Branch::ALL.get(usize::from(branch))?,
            kind: match usize::from(flags >> KIND) {
                0 => None,
                n => Some(*SpanKind::ALL.get(n - 1)?),
            },
        });
    }
    rest.is_empty().then_some(())
}

pub(super) fn check_weights(spans: &[Span], weighted: bool) -> Result<()> {
    match weighted || spans.iter().all(|span| span.weight == 1.0) {
        true => Ok(()),
        false => Err(Error::internal(format!("`{TURNS}` has weights, but its field says that it has none"))),
    }
}

/// The rows of a batch that has the hidden columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TurnRows<'a> {
    texts: &'a StringViewArray,
    spans: &'a BinaryArray,
    /// Whether weights other than 1 may occur.
    pub(crate) weighted: bool,
}

impl<'a> TurnRows<'a> {
    /// The hidden columns of a batch; none where it does not have them.
    ///
    /// # Errors
    /// `Internal`, where it has only one of them, or one is of another type.
    pub(crate) fn from_batch(records: &'a RecordBatch) -> Result<Option<Self>> {
        let (texts, spans) = (records.column_by_name(TURNS_TEXT), records.column_by_name(TURNS));
        if texts.is_none() && spans.is_none() {
            return Ok(None);
        }
        let texts = texts.and_then(|column| column.as_string_view_opt());
        let spans = spans.and_then(|column| column.as_binary_opt::<i32>());
        let (Some(texts), Some(spans)) = (texts, spans) else {
            return Err(Error::internal(format!("`{TURNS_TEXT}` and `{TURNS}` are not text and spans")));
        };
        let metadata = records.schema_ref().field_with_name(TURNS).or_defect()?.metadata();
        Ok(Some(TurnRows { texts, spans, weighted: metadata.contains_key(WEIGHTED) }))
    }

    /// The bytes of all texts.
    pub(crate) fn bytes(&self) -> usize {
        self.texts.lengths().map(|bytes| bytes as usize).sum()
    }

    /// The turns of row `i`; `spans` is overwritten with its spans.
    ///
    /// # Errors
    /// `Internal`, where the row is null, or its spans are damaged or do not fit the text.
    pub(crate) fn row<'s>(&self, i: usize, spans: &'s mut Vec<Span>) -> Result<Turns<'a, 's>> {
        let has_both = self.texts.is_valid(i) && self.spans.is_valid(i);
        if !has_both || decode(self.spans.value(i), spans).is_none() {
            return Err(Error::internal(format!("row {i} of `{TURNS}` is damaged")));
        }
        check_weights(spans, self.weighted)?;
        Turns::new(self.texts.value(i), spans)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::encode_turns::{columns, encode};
    use super::*;

    fn span(end: u32, trained: bool, weight: f32, branch: Branch) -> Span {
        Span { end, role: Role::Tool, trained, from_data: end.is_multiple_of(2), weight, branch, kind: None }
    }

    fn batch(rows: &[(&str, &[Span])], weighted: bool) -> Result<RecordBatch> {
        let [(text, texts), (field, spans)] = columns(rows, weighted)?;
        let schema = Arc::new(arrow::datatypes::Schema::new(vec![text, field]));
        RecordBatch::try_new(schema, vec![texts, spans]).or_defect()
    }

    #[test]
    fn rows_come_back_from_their_columns() {
        let long = [
            Span { role: Role::System, ..span(3, false, 1.0, Branch::Main) },
            Span { role: Role::Assistant, ..span(3, true, 0.25, Branch::Main) },
            Span { kind: Some(SpanKind::Calls), ..span(3, true, 0.5, Branch::Main) },
            Span { kind: Some(SpanKind::Content), ..span(3, false, 1.0, Branch::Main) },
            span(9, true, 0.0, Branch::Chosen),
            span(11, true, 1e-3, Branch::Rejected),
        ];
        let rows: [(&str, &[Span]); 3] =
            [("Café\u{1f600}ab", &long), ("", &[]), ("a", &[span(1, false, 1.0, Branch::Main)])];
        // Byte 3 is within no character: "Caf", "é😀", "ab" are 3, 6 and 2 bytes.
        let batch = batch(&rows, true).unwrap();
        let turn_rows = TurnRows::from_batch(&batch).unwrap().unwrap();
        assert!(turn_rows.weighted);
        let mut spans = Vec::new();
        for (i, (text, expected)) in rows.iter().enumerate() {
            let turns = turn_rows.row(i, &mut spans).unwrap();
            assert_eq!((turns.text, turns.spans), (*text, *expected));
        }
        assert!(TurnRows::from_batch(&batch.project(&[]).unwrap()).unwrap().is_none());
        assert!(TurnRows::from_batch(&batch.project(&[0]).unwrap()).is_err());
    }

    #[test]
    fn spans_that_do_not_cover_the_text_are_refused() {
        let main = |end| span(end, true, 1.0, Branch::Main);
        for (text, spans) in [
            ("ab", vec![]),
            ("ab", vec![main(1)]),
            ("ab", vec![main(3)]),
            ("ab", vec![main(2), main(1), main(2)]),
            ("é", vec![main(1), main(2)]),
            ("ab", vec![span(1, true, 1.0, Branch::Chosen), main(2)]),
            ("ab", vec![span(2, true, -1.0, Branch::Main)]),
            ("ab", vec![span(2, true, f32::NAN, Branch::Main)]),
        ] {
            assert_eq!(Turns::new(text, &spans).unwrap_err().code(), "internal", "{spans:?}");
            assert!(batch(&[(text, &spans)], true).is_err());
        }
        let weighted = [span(2, true, 0.5, Branch::Main)];
        assert!(batch(&[("ab", &weighted)], false).is_err());
    }

    /// Changes every byte to every value: the result is an error or a row, never a panic.
    #[test]
    fn damaged_bytes_are_an_error() {
        let mut whole = Vec::new();
        encode(&[span(1, false, 1.0, Branch::Main), span(4, true, 1.0, Branch::Main)], &mut whole);
        let read = |bytes: &[u8]| {
            let mut spans = Vec::new();
            decode(bytes, &mut spans).is_some() && Turns::new("abcd", &spans).is_ok()
        };
        assert!(read(&whole));
        for end in 0..whole.len() {
            assert!(!read(&whole[..end]));
        }
        let mut refused = 0;
        for i in 0..whole.len() {
            for value in 0..=u8::MAX {
                let mut bytes = whole.clone();
                bytes[i] = value;
                refused += usize::from(!read(&bytes));
            }
        }
        assert!(refused > 2000, "{refused}");
    }

    #[test]
    fn neighbours_that_train_alike_are_one_part() {
        let main = |end, trained, weight| span(end, trained, weight, Branch::Main);
        let spans = [
            main(1, false, 1.0),
            main(2, false, 1.0),
            main(3, true, 1.0),
            main(4, true, 2.0),
            main(4, true, 2.0),
            main(5, false, 1.0),
            span(6, false, 1.0, Branch::Chosen),
        ];
        let parts: Vec<_> = Turns::new("abcdef", &spans).unwrap().parts().collect();
        let shown: Vec<_> = parts.iter().map(|part| (part.text, part.trained, part.weight)).collect();
        let expected =
            [("ab", false, 1.0), ("c", true, 1.0), ("d", true, 2.0), ("e", false, 1.0), ("f", false, 1.0)];
        assert_eq!(shown, expected);
        let kind = |end, trained, weight, kind| Span { kind, ..main(end, trained, weight) };
        let spans = [
            main(1, false, 1.0),
            kind(2, false, 1.0, Some(SpanKind::Reasoning)),
            kind(3, true, 0.5, Some(SpanKind::Calls)),
            kind(4, true, 1.0, Some(SpanKind::Content)),
            Span { role: Role::User, ..kind(5, true, 1.0, Some(SpanKind::Content)) },
            main(6, false, 1.0),
        ];
        let parts: Vec<_> = Turns::new("abcdef", &spans).unwrap().parts().collect();
        let shown: Vec<_> = parts.iter().map(|part| (part.text, part.trained)).collect();
        assert_eq!(shown, [("a", false), ("bcd", true), ("e", true), ("f", false)]);
        let of_pair = pair("ab", "c");
        assert_eq!(of_pair.map(|part| (part.text, part.trained)), [("ab", false), ("c", true)]);
    }
}
