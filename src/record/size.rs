//! The size of rows, counted from their values, so that it does not depend on slices or on the layout of buffers.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::DataType;

use crate::arrow_result::ArrowResult;
use crate::error::Result;

/// The bytes of each row's values. Shards and record batches are cut by this size.
pub(crate) fn row_bytes(records: &RecordBatch) -> Vec<u64> {
    let mut sizes = vec![0; records.num_rows()];
    for column in records.columns() {
        add_bytes(column, &mut sizes);
    }
    sizes
}

/// The bytes of all values. Parts of buffers outside these rows are not counted.
pub(crate) fn bytes(records: &RecordBatch) -> usize {
    row_bytes(records).iter().sum::<u64>() as usize
}

/// The rows in memory of their own: a slice of a larger batch would keep that batch in memory.
pub(crate) fn compacted(records: RecordBatch) -> Result<RecordBatch> {
    if records.get_array_memory_size() <= 2 * bytes(&records) {
        return Ok(records);
    }
    // Concatenating copies the rows.
    concat_batches(&records.schema(), [&records, &records.slice(0, 0)]).or_too_large()
}

fn add_bytes(column: &ArrayRef, sizes: &mut [u64]) {
    let add_all = |sizes: &mut [u64], width: usize| sizes.iter_mut().for_each(|s| *s += width as u64);
    match column.data_type() {
        DataType::Utf8 => add_lengths(column.as_string::<i32>().value_offsets(), 4, sizes),
        DataType::LargeUtf8 => add_lengths(column.as_string::<i64>().value_offsets(), 8, sizes),
        DataType::Utf8View => add_views(column.as_string_view().lengths(), sizes),
        DataType::BinaryView => add_views(column.as_binary_view().lengths(), sizes),
        DataType::Binary => add_lengths(column.as_binary::<i32>().value_offsets(), 4, sizes),
        DataType::LargeBinary => add_lengths(column.as_binary::<i64>().value_offsets(), 8, sizes),
        DataType::List(_) => {
            let list = column.as_list::<i32>();
            add_items(list.value_offsets(), list.values(), 4, sizes);
        }
        DataType::LargeList(_) => {
            let list = column.as_list::<i64>();
            add_items(list.value_offsets(), list.values(), 8, sizes);
        }
        DataType::Map(_, _) => {
            let map = column.as_map();
            let entries: ArrayRef = Arc::new(map.entries().clone());
            add_items(map.value_offsets(), &entries, 4, sizes);
        }
        DataType::FixedSizeList(_, n) => {
            let list = column.as_fixed_size_list();
            let n = *n as usize;
            let mut items = vec![0; list.values().len()];
            add_bytes(list.values(), &mut items);
            for (i, size) in sizes.iter_mut().enumerate() {
                *size += items[i * n..(i + 1) * n].iter().sum::<u64>();
            }
        }
        DataType::Dictionary(..) => {
            let dictionary = column.as_any_dictionary();
            let mut values = vec![0; dictionary.values().len()];
            add_bytes(dictionary.values(), &mut values);
            if !values.is_empty() {
                let keys = dictionary.normalized_keys();
                sizes.iter_mut().zip(keys).for_each(|(size, key)| *size += values[key]);
            }
        }
        DataType::Struct(_) => column.as_struct().columns().iter().for_each(|c| add_bytes(c, sizes)),
        DataType::FixedSizeBinary(n) => add_all(sizes, *n as usize),
        DataType::Boolean => add_all(sizes, 1),
        t => add_all(sizes, t.primitive_width().unwrap_or(0)),
    }
}

/// Adds the bytes between offsets, and `own` bytes for the offset itself.
fn add_lengths<O: OffsetSizeTrait>(offsets: &[O], own: u64, sizes: &mut [u64]) {
    for (size, ends) in sizes.iter_mut().zip(offsets.windows(2)) {
        *size += (ends[1] - ends[0]).as_usize() as u64 + own;
    }
}

/// Adds the length of each text, and 16 bytes for its view.
fn add_views(lengths: impl Iterator<Item = u32>, sizes: &mut [u64]) {
    sizes.iter_mut().zip(lengths).for_each(|(size, length)| *size += 16 + u64::from(length));
}

fn add_items<O: OffsetSizeTrait>(offsets: &[O], items: &ArrayRef, own: u64, sizes: &mut [u64]) {
    if let Some(width) = items.data_type().primitive_width() {
        for (size, ends) in sizes.iter_mut().zip(offsets.windows(2)) {
            *size += ((ends[1] - ends[0]).as_usize() * width) as u64 + own;
        }
        return;
    }
    let mut item_sizes = vec![0; items.len()];
    add_bytes(items, &mut item_sizes);
    for (size, ends) in sizes.iter_mut().zip(offsets.windows(2)) {
        *size += item_sizes[ends[0].as_usize()..ends[1].as_usize()].iter().sum::<u64>() + own;
    }
}
