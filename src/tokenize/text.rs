//! The text of a batch's rows, read without copying.

use std::ops::Range;

use arrow::array::{Array, AsArray, BinaryArray};

use super::row::Run;
use super::strings::Strings;
use crate::error::{Class, Error, Result};
use crate::record::turns::{self, Branch, TurnRows, Turns};
use crate::record::{Batch, schema};
use crate::tokenizer::Span;
use crate::word::Word;

/// The text columns of a batch.
pub(super) struct Texts<'a> {
    text: Text<'a>,
    as_text: Option<&'a BinaryArray>,
}

enum Text<'a> {
    Pairs { prompt: Strings<'a>, completion: Strings<'a> },
    Turns(TurnRows<'a>),
}

/// The text of one row, in the parts that are encoded one after another.
#[derive(Default)]
pub(super) struct RowText<'a> {
    pub(crate) parts: Vec<Part<'a>>,
    /// Whether the parts are prompt and completion.
    pub(crate) is_pair: bool,
    /// The spans of control tokens that are plain text, part after part, as byte offsets in the part.
    plain: Vec<Span>,
    /// The text of a row of turns.
    pub(crate) whole: &'a str,
    /// The spans of control tokens that are plain text, in `whole`.
    pub(crate) whole_plain: Vec<Span>,
    spans: Vec<turns::Span>,
    /// The pieces of parts with several kinds, part after part.
    pieces: Vec<Piece>,
}

/// A piece of a part: of one kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// Its text.
    pub(super) bytes: usize,
    /// The number of its part.
    pub(super) part: usize,
    /// How one token of it trains.
    pub(super) run: Run,
}

/// A part of a row.
pub(super) struct Part<'a> {
    /// The column or the role that it comes from.
    pub name: &'static str,
    pub text: &'a str,
    pub trained: bool,
    /// Its factor in the loss.
    pub weight: f32,
    /// Where it starts in the text of all branches of the row.
    at: u32,
    plain: Range<usize>,
    pieces: Range<usize>,
}

impl<'a> Texts<'a> {
    pub(crate) fn new(batch: &'a Batch) -> Result<Self> {
        let as_text = match batch.records.column_by_name(schema::AS_TEXT) {
            None => None,
            Some(column) => Some(column.as_binary_opt::<i32>().ok_or_else(|| {
                Error::internal(format!("column `{}` is {}, not binary", schema::AS_TEXT, column.data_type()))
            })?),
        };
        let text = match TurnRows::from_batch(&batch.records)? {
            Some(rows) => Text::Turns(rows),
            None => Text::Pairs {
                prompt: strings(batch, schema::PROMPT)?,
                completion: strings(batch, schema::COMPLETION)?,
            },
        };
        Ok(Texts { text, as_text })
    }

    /// The visible columns that hold the text.
    pub(crate) fn columns(&self) -> [&'static str; 2] {
        match &self.text {
            Text::Pairs { .. } => [schema::PROMPT, schema::COMPLETION],
            Text::Turns(_) => [schema::CHAT_TEXT, schema::SPANS],
        }
    }

    /// Whether parts may have weights other than 1.
    pub(crate) fn weighted(&self) -> bool {
        matches!(&self.text, Text::Turns(rows) if rows.weighted)
    }

    /// The bytes of all `rows` rows; those of a row that is null may be any number.
    pub(crate) fn bytes(&self, rows: usize) -> usize {
        match &self.text {
            Text::Pairs { prompt, completion } => {
                (0..rows).map(|i| prompt.bytes(i) + completion.bytes(i)).sum()
            }
            Text::Turns(turns) => turns.bytes(),
        }
    }

    /// Reads row `i` into `row`. Returns the name of the column that is null, where one is.
    pub(crate) fn read(&self, i: usize, row: &mut RowText<'a>) -> Result<Option<&'static str>> {
        row.parts.clear();
        row.plain.clear();
        row.whole_plain.clear();
        match &self.text {
            Text::Pairs { prompt, completion } => {
                let Some(prompt) = prompt.get(i) else { return Ok(Some(schema::PROMPT)) };
                let Some(completion) = completion.get(i) else { return Ok(Some(schema::COMPLETION)) };
                row.is_pair = true;
                row.parts.extend(with_starts(turns::pair(prompt, completion)));
            }
            Text::Turns(rows) => {
                let turns = rows.row(i, &mut row.spans)?;
                row.is_pair = false;
                row.whole = turns.text();
                row.parts.extend(with_starts(turns.parts()));
                split_kinds(&mut row.parts, &row.spans, &mut row.pieces);
                if row.spans.iter().any(|span| span.branch != Branch::Main) {
                    return Err(Error::internal("a row with branches reached tokenize"));
                }
            }
        }
        if let Some(as_text) = self.as_text.filter(|a| a.is_valid(i)) {
            row.split_plain(plain_spans(as_text.value(i)));
        }
        Ok(None)
    }

    /// Reads the prompt of row `i` and its answer in one of these branches into `row`, without other answers. Returns the
    /// number of parts of the prompt.
    ///
    /// # Errors
    /// `Internal`: the row has no branches, or none of these.
    pub(crate) fn read_answer(&self, i: usize, branches: &[Branch], row: &mut RowText<'a>) -> Result<usize> {
        row.parts.clear();
        row.plain.clear();
        row.whole_plain.clear();
        row.is_pair = false;
        let Text::Turns(rows) = &self.text else {
            return Err(Error::internal("rows without branches reached tokenize"));
        };
        let parts = rows.row(i, &mut row.spans)?.parts();
        let mut prompt = 0;
        let mut at = 0;
        for part in parts {
            let here = Part::new(part, at);
            at += part.text.len() as u32;
            if part.branch == Branch::Main {
                prompt += 1;
                row.parts.push(here);
            } else if branches.contains(&part.branch) {
                row.parts.push(here);
            }
        }
        if row.parts.len() == prompt {
            return Err(Error::internal("a row without an answer reached tokenize"));
        }
        if let Some(as_text) = self.as_text.filter(|a| a.is_valid(i)) {
            row.split_plain(plain_spans(as_text.value(i)));
        }
        Ok(prompt)
    }
}

impl<'a> Part<'a> {
    fn new(part: turns::Part<'a>, at: u32) -> Self {
        let turns::Part { role, text, trained, weight, .. } = part;
        Part { name: role.name(), text, trained, weight, at, plain: 0..0, pieces: 0..0 }
    }
}

/// The parts of a row, each with its place in the row.
fn with_starts<'a>(parts: impl IntoIterator<Item = turns::Part<'a>>) -> impl Iterator<Item = Part<'a>> {
    parts.into_iter().scan(0, |at, part| {
        let here = Part::new(part, *at);
        // A page of rendered rows is far shorter than 4 GiB.
        *at += part.text.len() as u32;
        Some(here)
    })
}

/// Gives the parts with several kinds their pieces.
fn split_kinds(parts: &mut [Part<'_>], spans: &[turns::Span], pieces: &mut Vec<Piece>) {
    pieces.clear();
    if spans.iter().all(|span| span.kind.is_none()) {
        return;
    }
    let mut spans = spans.iter().peekable();
    let mut start = 0;
    for (number, part) in parts.iter_mut().enumerate() {
        let (first, end) = (pieces.len(), part.at as usize + part.text.len());
        while let Some(span) = spans.next_if(|span| span.end as usize <= end) {
            let bytes = span.end as usize - start;
            start = span.end as usize;
            if span.kind.is_some() && bytes > 0 {
                let run = Run { tokens: 1, trained: span.trained, weight: span.weight, kind: span.kind };
                pieces.push(Piece { bytes, part: number, run });
            }
        }
        part.pieces = first..pieces.len();
    }
}

impl<'a> RowText<'a> {
    /// The pieces of a part; none where all of it trains alike.
    pub(super) fn pieces(&self, part: &Part<'_>) -> &[Piece] {
        &self.pieces[part.pieces.clone()]
    }

    /// Whether the text has turns with several kinds.
    pub(super) fn has_kinds(&self) -> bool {
        !self.pieces.is_empty()
    }

    /// The pieces of all parts: each part without pieces is one.
    pub(super) fn all_pieces(&self) -> Vec<Piece> {
        let mut all = Vec::with_capacity(self.parts.len());
        for (number, part) in self.parts.iter().enumerate() {
            match self.pieces(part) {
                [] => {
                    let run = Run { tokens: 1, trained: part.trained, weight: part.weight, kind: None };
                    all.push(Piece { bytes: part.text.len(), part: number, run });
                }
                pieces => all.extend_from_slice(pieces),
            }
        }
        all
    }

    /// The control tokens of a part that are plain text, in order, as byte offsets in the part.
    pub(crate) fn plain(&self, part: &Part<'_>) -> &[Span] {
        &self.plain[part.plain.clone()]
    }

    /// A row of turns; `plain` are the control tokens that are plain text, as byte offsets in its text.
    pub(super) fn of_turns(text: &'a str, spans: &[turns::Span], plain: &[Span]) -> Result<Self> {
        let turns = Turns::new(text, spans)?;
        let parts = with_starts(turns.parts()).collect();
        let mut row = RowText { parts, whole: text, ..RowText::default() };
        split_kinds(&mut row.parts, spans, &mut row.pieces);
        row.split_plain(plain.to_vec());
        Ok(row)
    }

    /// Splits spans in the row's text among the parts. A span that crosses from one part to the next is in both.
    fn split_plain(&mut self, mut spans: Vec<Span>) {
        spans.sort_unstable();
        for part in &mut self.parts {
            let (start, end) = (part.at, part.at + part.text.len() as u32);
            let own = spans.iter().filter(|span| span.0.max(start) < span.1.min(end));
            let first = self.plain.len();
            self.plain.extend(own.map(|span| (span.0.saturating_sub(start), span.1.min(end) - start)));
            part.plain = first..self.plain.len();
        }
        self.whole_plain = spans;
    }
}

/// The spans in a value of [`schema::AS_TEXT`].
fn plain_spans(bytes: &[u8]) -> Vec<Span> {
    let (numbers, _) = bytes.as_chunks::<4>();
    let (pairs, _) = numbers.as_chunks::<2>();
    pairs.iter().map(|&[start, end]| (u32::from_le_bytes(start), u32::from_le_bytes(end))).collect()
}

fn strings<'a>(batch: &'a Batch, name: &str) -> Result<Strings<'a>> {
    let column = batch.column(name)?;
    Strings::new(column).ok_or_else(|| {
        let message = format!("tokenize: column `{name}` must be text; got {}", column.data_type());
        Error::new(Class::Column, "wrong_column_type", message).column(name)
    })
}
