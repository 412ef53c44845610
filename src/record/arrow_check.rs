//! Checks of Arrow data from other libraries: lengths, offsets, types and text.
//!
//! Arrow's own types trust their buffers: they would read at an offset outside the buffer.

use arrow::array::{Array, ArrayData, OffsetSizeTrait};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

/// Fails for a column that cannot be read safely, at any depth. Checks each offset and each byte of text once, and
/// only those that the rows of this column use, so that checking all slices of a column costs no more than checking
/// the column.
pub(crate) fn check(column: &dyn Array) -> Result<(), ArrowError> {
    let data = column.to_data();
    data.validate()?;
    check_values(&data)
}

fn check_values(data: &ArrayData) -> Result<(), ArrowError> {
    if let Some(nulls) = data.nulls() {
        let actual = nulls.len() - nulls.inner().count_set_bits();
        if actual != nulls.null_count() {
            return Err(damaged(format!(
                "the null count is {}, but there are {actual} nulls",
                nulls.null_count()
            )));
        }
    }
    let children = data.child_data();
    match data.data_type() {
        DataType::Utf8 => check_text::<i32>(data),
        DataType::LargeUtf8 => check_text::<i64>(data),
        DataType::List(_) | DataType::Map(..) => check_values(&items::<i32>(data)?),
        DataType::LargeList(_) => check_values(&items::<i64>(data)?),
        _ => {
            data.validate_values()?;
            children.iter().try_for_each(check_values)
        }
    }
}

/// The items that the lists of these rows hold.
fn items<O: OffsetSizeTrait>(data: &ArrayData) -> Result<ArrayData, ArrowError> {
    let child = &data.child_data()[0];
    let (first, last) = ends(offsets::<O>(data, child.len())?);
    Ok(child.slice(first, last - first))
}

fn check_text<O: OffsetSizeTrait>(data: &ArrayData) -> Result<(), ArrowError> {
    let values = data.buffers()[1].as_slice();
    let offsets = offsets::<O>(data, values.len())?;
    let (first, last) = ends(offsets);
    let text = &values[first..last];
    let begins_character = |o: &O| text.get(o.as_usize() - first).is_none_or(|b| b & 0xc0 != 0x80);
    if simdutf8::basic::from_utf8(text).is_ok() && offsets.iter().all(begins_character) {
        return Ok(());
    }
    // The bytes of a null value need not be UTF-8.
    for (row, ends) in offsets.windows(2).enumerate() {
        let is_null = data.nulls().is_some_and(|nulls| nulls.is_null(row));
        let value = &values[ends[0].as_usize()..ends[1].as_usize()];
        if !is_null && simdutf8::basic::from_utf8(value).is_err() {
            return Err(damaged(format!("the text of row {row} is not UTF-8")));
        }
    }
    Ok(())
}

/// The offsets of these rows, which must not decrease, and must be between 0 and `limit`.
fn offsets<O: OffsetSizeTrait>(data: &ArrayData, limit: usize) -> Result<&[O], ArrowError> {
    if data.is_empty() {
        return Ok(&[]);
    }
    let all: &[O] = data.buffers()[0].typed_data();
    let offsets = all
        .get(data.offset()..=data.offset() + data.len())
        .ok_or_else(|| damaged(format!("{} rows have {} offsets", data.len(), all.len())))?;
    let decreasing = offsets.windows(2).position(|ends| ends[1] < ends[0]);
    let (first, last) = (offsets[0], offsets[data.len()]);
    match decreasing {
        Some(row) => Err(damaged(format!("the offsets of row {row} decrease"))),
        None if first < O::zero() || last.to_usize().is_none_or(|last| last > limit) => {
            Err(damaged(format!("the offsets go from {first:?} to {last:?}, but there are {limit} values")))
        }
        None => Ok(offsets),
    }
}

fn ends<O: OffsetSizeTrait>(offsets: &[O]) -> (usize, usize) {
    match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => (first.as_usize(), last.as_usize()),
        _ => (0, 0),
    }
}

#[cold]
fn damaged(message: String) -> ArrowError {
    ArrowError::InvalidArgumentError(message)
}

#[cfg(test)]
mod tests {
    use arrow::array::{ListArray, StringArray, StringViewArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    // Only other libraries can make damaged arrays: `tests/sources/test_arrow_values.py`.
    #[test]
    fn slices_and_empty_arrays_are_valid() {
        let texts =
            StringArray::from(vec![Some("é"), None, Some("a text that no view holds inline"), Some("")]);
        let views = StringViewArray::from_iter(texts.iter());
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)]), None]);
        for (from, rows) in [(0, 0), (0, 4), (1, 2), (3, 1)] {
            assert!(check(&texts.slice(from, rows)).is_ok());
            assert!(check(&views.slice(from, rows)).is_ok());
        }
        assert!(check(&lists.slice(1, 1)).is_ok() && check(&lists.slice(0, 0)).is_ok());
        assert!(check(&StringArray::new_null(3)).is_ok());
    }
}
