//! The text of a batch's rows, read in place.

use arrow::array::{Array, AsArray, BinaryArray};

use super::as_text::Span;
use super::strings::Strings;
use crate::error::{Class, Error, Result};
use crate::record::{Batch, schema};

/// The text columns of a batch.
pub(super) struct Texts<'a> {
    prompt: Strings<'a>,
    completion: Strings<'a>,
    as_text: Option<&'a BinaryArray>,
}

/// The text of one row; spans are those of control tokens that are plain text, within each part.
pub(super) struct RowText<'a> {
    pub prompt: &'a str,
    pub completion: &'a str,
    pub prompt_spans: Vec<Span>,
    pub completion_spans: Vec<Span>,
}

impl<'a> Texts<'a> {
    pub fn of(batch: &'a Batch) -> Result<Self> {
        let as_text = match batch.records.column_by_name(schema::AS_TEXT) {
            None => None,
            Some(column) => Some(column.as_binary_opt::<i32>().ok_or_else(|| {
                Error::internal(format!("column `{}` is {}, not binary", schema::AS_TEXT, column.data_type()))
            })?),
        };
        Ok(Texts {
            prompt: strings(batch, schema::PROMPT)?,
            completion: strings(batch, schema::COMPLETION)?,
            as_text,
        })
    }

    /// Row `i`; the name of the column that is null, where one is.
    pub fn row(&self, i: usize) -> Result<RowText<'a>, &'static str> {
        let prompt = self.prompt.get(i).ok_or(schema::PROMPT)?;
        let completion = self.completion.get(i).ok_or(schema::COMPLETION)?;
        let mut row = RowText { prompt, completion, prompt_spans: Vec::new(), completion_spans: Vec::new() };
        if let Some(as_text) = self.as_text.filter(|a| a.is_valid(i)) {
            row.split_spans(as_text.value(i));
        }
        Ok(row)
    }
}

impl RowText<'_> {
    /// Spans count within prompt + completion; one that reaches over the seam is in both.
    fn split_spans(&mut self, bytes: &[u8]) {
        let seam = u32::try_from(self.prompt.len()).unwrap_or(u32::MAX);
        let (numbers, _) = bytes.as_chunks::<4>();
        let (pairs, _) = numbers.as_chunks::<2>();
        for &[start, end] in pairs {
            let (start, end) = (u32::from_le_bytes(start), u32::from_le_bytes(end));
            if start < seam {
                self.prompt_spans.push((start, end.min(seam)));
            }
            if end > seam {
                self.completion_spans.push((start.saturating_sub(seam), end - seam));
            }
        }
        self.prompt_spans.sort_unstable();
        self.completion_spans.sort_unstable();
    }
}

fn strings<'a>(batch: &'a Batch, name: &str) -> Result<Strings<'a>> {
    let column = batch.column(name)?;
    Strings::of(column).ok_or_else(|| {
        let what = format!("tokenize: column `{name}` is {}, not text", column.data_type());
        Error::new(Class::Column, "wrong_column_type", what).column(name)
    })
}
