//! Text columns in any of Arrow's layouts, converted to string views.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringViewArray, StringViewBuilder,
};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Schema};

use crate::arrow_result::ArrowResult;
use crate::error::Result;
use crate::limits::TEXT_BUFFER_BYTES;

/// Whether a type is text: strings in any layout, dictionaries of strings included.
pub(crate) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

/// Converts a text column to string views; a column of type null becomes nulls.
pub(crate) fn text_views(column: &dyn Array) -> Result<StringViewArray> {
    if let DataType::Dictionary(..) = column.data_type() {
        // Arrow's own cast to views looks at the keys alone: a null among the dictionary's values would become "".
        let dictionary = column.as_any_dictionary();
        let values = text_views(dictionary.values())?;
        return Ok(take(&values, dictionary.keys(), None).or_too_large()?.as_string_view().clone());
    }
    Ok(cast(column, &DataType::Utf8View).or_too_large()?.as_string_view().clone())
}

/// Converts the text columns of a batch to string views, the form of text between stages.
pub(crate) fn as_views(records: &RecordBatch) -> Result<RecordBatch> {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (field, column) in records.schema().fields().iter().zip(records.columns()) {
        let is_plain = matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8);
        fields.push(match is_plain {
            true => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
            false => Arc::clone(field),
        });
        columns.push(if is_plain { Arc::new(text_views(column)?) } else { Arc::clone(column) });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(records.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).or_defect()
}

/// A builder of a column of `rows` texts of about so many bytes in all, which it keeps together.
pub(crate) fn text_builder(rows: usize, bytes: usize) -> StringViewBuilder {
    // More text than that continues in another buffer.
    let block = bytes.clamp(1, TEXT_BUFFER_BYTES) as u32;
    StringViewBuilder::with_capacity(rows).with_fixed_block_size(block)
}

/// A column with the same text, or null, in each row.
pub(crate) fn repeated(text: Option<&str>, rows: usize) -> ArrayRef {
    let mut column = StringViewBuilder::with_capacity(rows).with_deduplicate_strings();
    (0..rows).for_each(|_| column.append_option(text));
    Arc::new(column.finish())
}

#[cfg(test)]
mod tests {
    use arrow::array::{DictionaryArray, Int8Array, LargeStringArray, NullArray, StringArray};

    use super::*;

    #[test]
    fn a_null_stays_null_at_any_depth() {
        let long = "a text that is longer than a view holds inline";
        let keys = || Int8Array::from(vec![Some(0), Some(1), None, Some(2)]);
        let values = || vec![Some("x"), None, Some(long)];
        let inner = DictionaryArray::new(keys(), Arc::new(StringArray::from(values())));
        let outer = Int8Array::from(vec![Some(3), Some(2), Some(1), None, Some(0)]);
        let cases: [(Box<dyn Array>, Vec<Option<&str>>); 4] = [
            (Box::new(inner.clone()), vec![Some("x"), None, None, Some(long)]),
            (
                Box::new(DictionaryArray::new(keys(), Arc::new(LargeStringArray::from(values())))),
                vec![Some("x"), None, None, Some(long)],
            ),
            (
                Box::new(DictionaryArray::new(outer, Arc::new(inner))),
                vec![Some(long), None, None, None, Some("x")],
            ),
            (Box::new(NullArray::new(2)), vec![None, None]),
        ];
        for (column, expected) in cases {
            let views = text_views(column.as_ref()).unwrap();
            assert_eq!(views.iter().collect::<Vec<_>>(), expected, "{}", column.data_type());
        }
    }
}
