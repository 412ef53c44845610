//! Encodes rows of turns as hidden columns.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, StringViewArray};
use arrow::datatypes::{DataType, Field};

use super::schema::{TURNS, TURNS_TEXT, text};
use super::turns::{FROM_DATA, SPAN_BYTES, Span, TRAINED, Turns, WEIGHTED, check_weights};
use crate::error::Result;

/// The hidden columns of rows of text and spans. `weighted` says that weights other than 1 may occur, so that
/// `tokenize` adds a column for them.
///
/// # Errors
/// See [`Turns::new`]; `Internal` too for a weight other than 1 where none may occur.
pub(crate) fn columns(rows: &[(&str, &[Span])], weighted: bool) -> Result<[(Field, ArrayRef); 2]> {
    let mut encoded = Vec::with_capacity(rows.len());
    for (text, spans) in rows {
        Turns::new(text, spans)?;
        check_weights(spans, weighted)?;
        encoded.push(encode(spans));
    }
    let texts = StringViewArray::from_iter_values(rows.iter().map(|(text, _)| text));
    let spans = BinaryArray::from_iter_values(encoded);
    let mut field = Field::new(TURNS, DataType::Binary, false);
    if weighted {
        field.set_metadata(HashMap::from([(WEIGHTED.to_string(), "true".to_string())]));
    }
    Ok([(text(TURNS_TEXT), Arc::new(texts)), (field, Arc::new(spans))])
}

pub(crate) fn encode(spans: &[Span]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(spans.len() * SPAN_BYTES);
    for span in spans {
        bytes.extend(span.end.to_le_bytes());
        bytes.extend(span.weight.to_le_bytes());
        let flags = if span.trained { TRAINED } else { 0 } | if span.from_data { FROM_DATA } else { 0 };
        bytes.extend([span.role as u8, span.branch as u8, flags]);
    }
    bytes
}
