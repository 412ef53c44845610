//! The text of a batch's rows, read without copying.

use std::ops::Range;

use arrow::array::{Array, AsArray, BinaryArray};

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
}

/// A part of a row.
pub(super) struct Part<'a> {
    /// The column or the role that it comes from.
    pub name: &'static str,
    pub text: &'a str,
    pub trained: bool,
    /// Its factor in the loss.
    pub weight: f32,
    plain: Range<usize>,
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
                row.parts.extend(turns::pair(prompt, completion).map(Part::new));
            }
            Text::Turns(rows) => {
                let turns = rows.row(i, &mut row.spans)?;
                row.is_pair = false;
                row.whole = turns.text();
                row.parts.extend(turns.parts().map(Part::new));
                if row.spans.iter().any(|span| span.branch != Branch::Main) {
                    return Err(Error::internal("a row with branches reached tokenize"));
                }
            }
        }
        if let Some(as_text) = self.as_text.filter(|a| a.is_valid(i)) {
            let (numbers, _) = as_text.value(i).as_chunks::<4>();
            let (pairs, _) = numbers.as_chunks::<2>();
            let spans =
                pairs.iter().map(|&[start, end]| (u32::from_le_bytes(start), u32::from_le_bytes(end)));
            row.split_plain(spans.collect());
        }
        Ok(None)
    }
}

impl<'a> Part<'a> {
    fn new(part: turns::Part<'a>) -> Self {
        let turns::Part { role, text, trained, weight, .. } = part;
        Part { name: role.name(), text, trained, weight, plain: 0..0 }
    }
}

impl<'a> RowText<'a> {
    /// The control tokens of a part that are plain text, in order, as byte offsets in the part.
    pub(crate) fn plain(&self, part: &Part<'_>) -> &[Span] {
        &self.plain[part.plain.clone()]
    }

    /// A row of turns; `plain` are the control tokens that are plain text, as byte offsets in its text.
    pub(super) fn of_turns(text: &'a str, spans: &[turns::Span], plain: &[Span]) -> Result<Self> {
        let turns = Turns::new(text, spans)?;
        let parts = turns.parts().map(Part::new).collect();
        let mut row = RowText { parts, whole: text, ..RowText::default() };
        row.split_plain(plain.to_vec());
        Ok(row)
    }

    /// Splits spans in the row's text among the parts. A span that crosses from one part to the next is in both.
    fn split_plain(&mut self, mut spans: Vec<Span>) {
        spans.sort_unstable();
        let mut start = 0;
        for part in &mut self.parts {
            // A page of rendered rows is far shorter than 4 GiB.
            let end = start + part.text.len() as u32;
            let own = spans.iter().filter(|span| span.0.max(start) < span.1.min(end));
            let first = self.plain.len();
            self.plain.extend(own.map(|span| (span.0.saturating_sub(start), span.1.min(end) - start)));
            part.plain = first..self.plain.len();
            start = end;
        }
        self.whole_plain = spans;
    }
}

fn strings<'a>(batch: &'a Batch, name: &str) -> Result<Strings<'a>> {
    let column = batch.column(name)?;
    Strings::new(column).ok_or_else(|| {
        let message = format!("tokenize: column `{name}` must be text; got {}", column.data_type());
        Error::new(Class::Column, "wrong_column_type", message).column(name)
    })
}
