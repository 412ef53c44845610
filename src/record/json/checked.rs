//! Checks columns of JSON text from outside, so that later they can be written verbatim.

use arrow::array::{Array, ArrayRef, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::Field;
use serde::de::IgnoredAny;

use super::text::write_string;
use crate::arrow_result::ArrowResult;
use crate::error::Result;
use crate::record::{is_text, schema, text_views};

/// Whether a text is one JSON value.
pub(crate) fn is_json_text(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Makes each text of an `arrow.json` column valid JSON: a text that is not JSON becomes a JSON string. Returns the
/// column and the rows that were changed. Columns of other types are returned as they are.
pub fn checked(field: &Field, column: &ArrayRef) -> Result<(ArrayRef, Vec<usize>)> {
    if !schema::is_json(field) || !is_text(column.data_type()) {
        return Ok((column.clone(), Vec::new()));
    }
    let views = text_views(column.as_ref())?;
    let is_invalid = |i: &usize| views.is_valid(*i) && !is_json_text(views.value(*i));
    let invalid: Vec<usize> = (0..views.len()).filter(is_invalid).collect();
    if invalid.is_empty() {
        return Ok((column.clone(), invalid));
    }
    let text = |(i, value): (usize, Option<&str>)| {
        let quote = invalid.binary_search(&i).is_ok();
        value.map(|value| if quote { quoted(value) } else { value.to_string() })
    };
    let valid: StringViewArray = views.iter().enumerate().map(text).collect();
    Ok((cast(&valid, column.data_type()).or_too_large()?, invalid))
}

fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    write_string(&mut out, text);
    // `write_string` writes only UTF-8.
    String::from_utf8(out).unwrap_or_default()
}
