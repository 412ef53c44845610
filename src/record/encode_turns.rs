//! Encodes rows of turns as hidden columns.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryBuilder};
use arrow::datatypes::{DataType, Field};

use super::schema::{TURNS, TURNS_TEXT, text};
use super::text::text_builder;
use super::turns::{FROM_DATA, KIND, SPAN_BYTES, Span, TRAINED, Turns, WEIGHTED, check_weights};
use crate::error::Result;

/// The hidden columns of rows of text and spans. `weighted` says that weights other than 1 may occur, so that
/// `tokenize` adds a column for them.
///
/// # Errors
/// See [`Turns::new`]; `Internal` too for a weight other than 1 where none may occur.
pub(crate) fn columns(rows: &[(&str, &[Span])], weighted: bool) -> Result<[(Field, ArrayRef); 2]> {
    let bytes: usize = rows.iter().map(|(_, spans)| spans.len() * SPAN_BYTES).sum();
    let (mut encoded, mut of_row) = (BinaryBuilder::with_capacity(rows.len(), bytes), Vec::new());
    let mut texts = text_builder(rows.len(), rows.iter().map(|(text, _)| text.len()).sum());
    for (text, spans) in rows {
        Turns::new(text, spans)?;
        check_weights(spans, weighted)?;
        of_row.clear();
        encode(spans, &mut of_row);
        encoded.append_value(&of_row);
        texts.append_value(text);
    }
    let mut field = Field::new(TURNS, DataType::Binary, false);
    if weighted {
        field.set_metadata(HashMap::from([(WEIGHTED.to_string(), "true".to_string())]));
    }
    Ok([(text(TURNS_TEXT), Arc::new(texts.finish())), (field, Arc::new(encoded.finish()))])
}

/// Appends the bytes of spans.
pub(crate) fn encode(spans: &[Span], bytes: &mut Vec<u8>) {
    for span in spans {
        bytes.extend(span.end.to_le_bytes());
        bytes.extend(span.weight.to_le_bytes());
        let kind = span.kind.map_or(0, |kind| (kind as u8 + 1) << KIND);
        let flags =
            if span.trained { TRAINED } else { 0 } | if span.from_data { FROM_DATA } else { 0 } | kind;
        bytes.extend([span.role as u8, span.branch as u8, flags]);
    }
}
