//! Encodes columns of text in memory, and decodes columns of ids.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, UInt64Array};

use super::interrupt::Interrupted;
use super::ranges::{cut, each};
use super::resources::Resources;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::tokenize::batch_api::{self, Column, ListEncoder, id_lists, joined, looked_up};
use crate::tokenizer::LoadedTokenizer;

/// A range of rows of a chunk.
struct Part<'a> {
    column: &'a Column,
    /// For a dictionary: the key of each row, and the encoded values.
    dictionary: Option<(&'a UInt64Array, &'a ArrayRef)>,
    rows: Range<usize>,
}

/// Encodes the chunks of a column of text. The chunks of the result hold its rows in order; where they end depends
/// only on the rows.
///
/// # Errors
/// `Column` if it is not text; `Tokenizer`, with the row; `Cancelled`.
pub(crate) fn encode(
    encoder: &ListEncoder<'_>,
    chunks: &[ArrayRef],
    resources: Resources,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Vec<ArrayRef>> {
    let mut rows = 0;
    let mut columns = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        columns.push(Column::new(chunk, rows)?);
        rows += chunk.len() as u64;
    }
    let values = encode_dictionaries(encoder, &columns, resources, cancel, interrupted)?;
    let mut parts = Vec::new();
    for (column, values) in columns.iter().zip(&values) {
        let dictionary = column.keys.as_ref().zip(values.as_ref());
        let ranges = cut(column.rows(), resources, |i| column.bytes(i));
        parts.extend(ranges.into_iter().map(|rows| Part { column, dictionary, rows }));
    }
    each(&parts, resources.threads, cancel, interrupted, |part| match part.dictionary {
        Some((keys, values)) => looked_up(values, keys, part.rows.clone()),
        None => encode_texts(encoder, part.column, part.rows.clone(), cancel),
    })
}

/// The encoded values of the dictionary of each column that has one.
fn encode_dictionaries(
    encoder: &ListEncoder<'_>,
    columns: &[Column],
    resources: Resources,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Vec<Option<ArrayRef>>> {
    let mut parts = Vec::new();
    for (i, column) in columns.iter().enumerate().filter(|(_, column)| column.keys.is_some()) {
        let texts = &column.texts;
        parts.extend(cut(texts.len(), resources, |row| texts.bytes(row)).into_iter().map(|rows| (i, rows)));
    }
    let encoded = each(&parts, resources.threads, cancel, interrupted, |(i, rows)| {
        encode_texts(encoder, &columns[*i], rows.clone(), cancel)
    })?;
    let mut by_column: Vec<Vec<ArrayRef>> = vec![Vec::new(); columns.len()];
    for ((i, _), encoded) in parts.iter().zip(encoded) {
        by_column[*i].push(encoded);
    }
    let whole = |(column, encoded): (&Column, Vec<ArrayRef>)| {
        column.keys.is_some().then(|| joined(&encoded, encoder.output)).transpose()
    };
    columns.iter().zip(by_column).map(whole).collect()
}

/// Encodes some texts of a column; an error names the row.
fn encode_texts(
    encoder: &ListEncoder<'_>,
    column: &Column,
    rows: Range<usize>,
    cancel: &Cancel,
) -> Result<ArrayRef> {
    encoder.encode(&column.texts, rows, cancel).map_err(|e| match e.get_row() {
        Some(i) => e.row(column.row_of(i)),
        None => e,
    })
}

/// Decodes the chunks of a column of lists of ids. The chunks of the result hold its rows in order.
///
/// # Errors
/// `Column` if these are not lists of ids; `Data` for a null id; `Tokenizer`, with the row; `Cancelled`.
pub(crate) fn decode(
    tokenizer: &LoadedTokenizer,
    chunks: &[ArrayRef],
    skip_special_tokens: bool,
    resources: Resources,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Vec<ArrayRef>> {
    let chunks = chunks.iter().map(id_lists).collect::<Result<Vec<_>>>()?;
    let mut rows = 0;
    let mut parts = Vec::new();
    for lists in &chunks {
        let bytes = |i| size_of::<i32>() * usize::try_from(lists.value_length(i)).unwrap_or(0);
        parts.extend(cut(lists.len(), resources, bytes).into_iter().map(|range| (lists, rows, range)));
        rows += lists.len() as u64;
    }
    each(&parts, resources.threads, cancel, interrupted, |(lists, first, range)| {
        batch_api::decode(tokenizer, lists, range.clone(), skip_special_tokens, cancel).map_err(|e| {
            match e.get_row() {
                Some(i) => e.row(first + i),
                None => e,
            }
        })
    })
}
