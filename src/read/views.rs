//! Text columns of views into text that was checked before.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringViewArray};
use arrow::buffer::{Buffer, NullBuffer};

use crate::arrow_result::ArrowResult;
use crate::error::Result;

/// A column of views into `buffers`: the chunk, and the decoded text of strings with escapes.
///
/// Checking every string again as UTF-8 would take longer than parsing (2.5 times the time of a chunk of Chinese
/// text). Only a debug build does.
#[expect(unsafe_code, reason = "the proof is below")]
pub(crate) fn text(views: Vec<u128>, buffers: &Arc<[Buffer]>, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    // SAFETY: a view must lie within its buffer, and its text must be UTF-8.
    // Only `json_rows::columns::Column::push` and `csv::row::push` create views, by `make_view` of the bytes that they
    // refer to, with their offset:
    // - buffer 0, the chunk: the bytes of a value in a line or record that was found to be UTF-8, alone or with the
    //   whole chunk. A JSON value begins and ends at ASCII characters (quotes, brackets, digits, letters); a CSV field
    //   lies between separators, quotes and line ends, which are ASCII. So no character is cut. Offsets fit, since
    //   `Limits::clamped` holds chunks below 2³⁰ bytes and one line.
    // - buffer 1: what `decode_string`, `single_line` or `csv::fields::unquote` appended for one value of such a line.
    //   They copy runs between ASCII characters as they are; an escape is written as the UTF-8 of one character.
    // A null has the view 0: an empty inline text. Where a row is removed again, views and nulls are truncated alike;
    // its text stays in buffer 1, and no view refers to it.
    let array = unsafe { StringViewArray::new_unchecked(views.into(), buffers.clone(), nulls) };
    if cfg!(debug_assertions) {
        array.to_data().validate_full().or_defect()?;
    }
    Ok(Arc::new(array))
}
