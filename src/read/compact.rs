//! Removes from slices of view columns the buffers that none of their rows uses.

use arrow::array::{Array, ByteView, StringViewArray};
use arrow::buffer::Buffer;
use hashbrown::HashMap;

/// Up to this number of buffers, the cost does not matter.
const FEW: usize = 16;

/// The column with only those buffers that hold its texts.
///
/// A slice has all buffers of the column that it was cut from: thousands, if a polars frame of many chunks arrives as
/// one batch. Every slice would carry all of them, and export all of them to Python.
#[expect(unsafe_code, reason = "the proof is below")]
pub(crate) fn compact(column: &StringViewArray) -> StringViewArray {
    let all = column.data_buffers();
    if all.len() <= FEW {
        return column.clone();
    }
    let mut used: Vec<Buffer> = vec![];
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    // Neighbouring rows mostly lie in the same buffer.
    let mut last = None;
    let mut views = Vec::with_capacity(column.len());
    for (i, &view) in column.views().iter().enumerate() {
        let mut view = ByteView::from(view);
        if column.is_null(i) {
            views.push(0);
            continue;
        }
        if view.length > 12 {
            let old = view.buffer_index;
            view.buffer_index = match last {
                Some((number, new)) if number == old => new,
                _ => *numbers.entry(old).or_insert_with(|| {
                    used.push(all[old as usize].clone());
                    used.len() as u32 - 1
                }),
            };
            last = Some((old, view.buffer_index));
        }
        views.push(view.as_u128());
    }
    // SAFETY: a view must lie within its buffer, and its text must be UTF-8. The views come from a valid array. Each
    // refers to the same bytes of the same buffer as before, by that buffer's new number, or is the empty text, for
    // a null.
    unsafe { StringViewArray::new_unchecked(views.into(), used, column.nulls().cloned()) }
}

#[cfg(test)]
mod tests {
    use arrow::array::StringViewBuilder;

    use super::*;

    #[test]
    fn keeps_the_rows_and_drops_the_buffers_of_others() {
        let text = |i: usize| format!("a text that is longer than a view holds inline, number {i}");
        let mut builder = StringViewBuilder::new();
        for i in 0..100 {
            let block = builder.append_block(text(i).into_bytes().into());
            builder.try_append_view(block, 0, text(i).len() as u32).unwrap();
            builder.append_value("short");
            builder.append_null();
            builder.try_append_view(block, 2, 30).unwrap();
        }
        let whole = builder.finish();
        for (from, rows) in [(0, 400), (0, 0), (40, 12), (41, 2), (397, 3), (42, 5)] {
            let slice = whole.slice(from, rows);
            let compacted = compact(&slice);
            assert_eq!(compacted, slice);
            assert!(compacted.data_buffers().len() <= rows.div_ceil(4) + 1, "{from} {rows}");
            compacted.to_data().validate_full().unwrap();
        }
    }
}
