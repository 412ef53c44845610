//! Converts columns to the layout in which they are written. Equal values have equal bytes, however a batch was
//! created.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ByteView, OffsetSizeTrait, RecordBatch, RecordBatchOptions,
    StringArray, StringBuilder, StringViewArray, make_array,
};
use arrow::buffer::{BooleanBuffer, MutableBuffer, NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};

use crate::arrow_result::ArrowResult;
use crate::error::{Class, Error, Result};
use crate::record::schema::is_hidden;

/// The schema as written: without hidden columns; views, dictionaries and run-end encoding become plain arrays.
pub(crate) fn written_schema(schema: &Schema) -> SchemaRef {
    let visible = schema.fields().iter().filter(|f| !is_hidden(f.name()));
    Arc::new(Schema::new(visible.map(written_field).collect::<Vec<_>>()))
}

pub(crate) fn written_field(field: &FieldRef) -> FieldRef {
    Arc::new(Field::clone(field).with_data_type(written_type(field.data_type())))
}

/// The type in which a column is written. The bytes of views and dictionaries depend on the batches, so they are
/// converted.
fn written_type(t: &DataType) -> DataType {
    match t {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::Dictionary(_, value) => written_type(value),
        DataType::RunEndEncoded(_, values) => written_type(values.data_type()),
        DataType::List(f) | DataType::ListView(f) => DataType::List(written_field(f)),
        DataType::LargeList(f) | DataType::LargeListView(f) => DataType::LargeList(written_field(f)),
        DataType::FixedSizeList(f, n) => DataType::FixedSizeList(written_field(f), *n),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(written_field).collect()),
        DataType::Map(f, sorted) => DataType::Map(written_field(f), *sorted),
        other => other.clone(),
    }
}

/// The schema for Parquet, which has no seconds and no dates of 64 bits: readers that do not look at the Arrow schema in
/// a file would find plain integers. Seconds become milliseconds, and dates have 32 bits.
pub(crate) fn parquet_schema(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(parquet_field).collect::<Vec<_>>()))
}

fn parquet_field(field: &FieldRef) -> FieldRef {
    Arc::new(Field::clone(field).with_data_type(parquet_type(field.data_type())))
}

fn parquet_type(t: &DataType) -> DataType {
    match t {
        DataType::Timestamp(TimeUnit::Second, zone) => {
            DataType::Timestamp(TimeUnit::Millisecond, zone.clone())
        }
        DataType::Time32(TimeUnit::Second) => DataType::Time32(TimeUnit::Millisecond),
        DataType::Date64 => DataType::Date32,
        DataType::List(f) => DataType::List(parquet_field(f)),
        DataType::LargeList(f) => DataType::LargeList(parquet_field(f)),
        DataType::FixedSizeList(f, n) => DataType::FixedSizeList(parquet_field(f), *n),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(parquet_field).collect()),
        DataType::Map(f, sorted) => DataType::Map(parquet_field(f), *sorted),
        other => other.clone(),
    }
}

/// Converts a column from its [`written_type`] to the type in Parquet.
///
/// # Errors
/// `bad_sink`: a value is lost.
fn parquet_column(column: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    let converted = cast(column, field.data_type()).and_then(|c| Ok((cast(&c, column.data_type())?, c)));
    match converted {
        Ok((back, converted)) if back.as_ref() == column.as_ref() => Ok(converted),
        converted => {
            let message = format!(
                "a value of column `{}` cannot be written to Parquet, whose dates have no time of day and whose times are in \
                 milliseconds: it has type {}",
                field.name(),
                column.data_type()
            );
            let error = Error::new(Class::Plan, "bad_sink", message)
                .column(field.name())
                .help("convert it with with_columns, or use sink_arrow");
            Err(match converted {
                Err(e) => error.source(e),
                Ok(_) => error,
            })
        }
    }
}

/// The rows of a batch as they are written; `schema` is the [`written_schema`] of the plan's schema, or the
/// [`parquet_schema`] of that.
pub(crate) fn written_batch(records: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let visible = records.schema_ref().fields().iter().filter(|f| !is_hidden(f.name())).count();
    if visible != schema.fields().len() {
        return Err(Error::internal(format!(
            "{visible} columns reached the sink, but the plan has {}",
            schema.fields().len()
        )));
    }
    let column = |field: &FieldRef| {
        let column = records
            .column_by_name(field.name())
            .ok_or_else(|| Error::internal(format!("column `{}` did not reach the sink", field.name())))?;
        written_column(column, field)
    };
    let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(records.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).or_defect()
}

pub(crate) fn written_column(column: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    let wrong_type = |found: &DataType| {
        Error::internal(format!(
            "column `{}` is {found}, but {} in the plan",
            field.name(),
            field.data_type()
        ))
    };
    match (column.data_type(), field.data_type()) {
        (DataType::Utf8View, DataType::Utf8) => {
            let views = column.as_string_view();
            match in_one_buffer(views) {
                Some(text) => Ok(text),
                None => plain_text(views.iter(), views.lengths().map(u64::from).sum(), field),
            }
        }
        (DataType::LargeUtf8, DataType::Utf8) => {
            let text = column.as_string::<i64>();
            plain_text(text.iter(), span(text.value_offsets()), field)
        }
        (DataType::Utf8, DataType::Utf8) if column.null_count() > 0 => {
            let text = column.as_string::<i32>();
            plain_text(text.iter(), span(text.value_offsets()), field)
        }
        (found, planned) if found == planned => Ok(without_hidden_values(column)),
        (found, planned) if written_type(found) == *planned => {
            Ok(without_hidden_values(&cast(column, planned).map_err(|e| wrong_type(found).source(e))?))
        }
        (found, planned) if parquet_type(&written_type(found)) == *planned => {
            let plain = field.clone().with_data_type(written_type(found));
            parquet_column(&written_column(column, &plain)?, field).map(|c| without_hidden_values(&c))
        }
        (found, _) => Err(wrong_type(found)),
    }
}

/// Texts of so many bytes or fewer are in their views, not in a buffer.
const IN_VIEW: u32 = 12;

/// Texts that are one after another in a buffer, without a copy of them; none for others.
fn in_one_buffer(views: &StringViewArray) -> Option<ArrayRef> {
    let first = ByteView::from(*views.views().first().filter(|_| views.null_count() == 0)?);
    let mut end = first.offset;
    let mut offsets = Vec::with_capacity(views.len() + 1);
    offsets.push(0);
    for view in views.views() {
        let view = ByteView::from(*view);
        if view.length <= IN_VIEW || (view.buffer_index, view.offset) != (first.buffer_index, end) {
            return None;
        }
        end = view.offset.checked_add(view.length)?;
        offsets.push(i32::try_from(end - first.offset).ok()?);
    }
    let (start, length) = (first.offset as usize, (end - first.offset) as usize);
    let bytes = views.data_buffers().get(first.buffer_index as usize)?.slice_with_length(start, length);
    let text = StringArray::try_new(OffsetBuffer::new(offsets.into()), bytes, None).ok()?;
    Some(Arc::new(text))
}

fn plain_text<'a>(
    values: impl ExactSizeIterator<Item = Option<&'a str>>,
    bytes: u64,
    field: &Field,
) -> Result<ArrayRef> {
    if bytes > i32::MAX as u64 {
        let message =
            format!("the batch has {bytes} bytes of text in one column; at most {} are supported", i32::MAX);
        return Err(Error::new(Class::Data, "text_too_large", message).column(field.name()).help(
            "set FASTPREP_BATCH_ROWS to a smaller number, or shorten the values with .with_columns()",
        ));
    }
    let mut text = StringBuilder::with_capacity(values.len(), bytes as usize);
    for value in values {
        text.append_option(value);
    }
    let text: StringArray = text.finish();
    Ok(Arc::new(text))
}

/// Sets the values at nulls to zero: they are arbitrary and must not be written. Applies to columns of fixed width
/// and of booleans; text has no bytes at nulls here.
fn without_hidden_values(column: &ArrayRef) -> ArrayRef {
    let Some(nulls) = column.nulls().filter(|n| n.null_count() > 0) else { return column.clone() };
    if let Some(bits) = column.as_boolean_opt() {
        return Arc::new(BooleanArray::new(bits.values() & nulls.inner(), Some(nulls.clone())));
    }
    let Some(width) = column.data_type().primitive_width() else { return column.clone() };
    zeroed(column, nulls, width).unwrap_or_else(|| column.clone())
}

fn zeroed(column: &ArrayRef, nulls: &NullBuffer, width: usize) -> Option<ArrayRef> {
    let data = column.to_data();
    let from = &data.buffers()[0].as_slice()[data.offset() * width..][..data.len() * width];
    let mut values = MutableBuffer::new(from.len());
    values.extend_from_slice(from);
    for null in (!nulls.inner()).set_indices() {
        values.as_slice_mut()[null * width..][..width].fill(0);
    }
    let data = data.into_builder().offset(0).buffers(vec![values.into()]).nulls(Some(nulls.clone())).build();
    data.ok().map(make_array)
}

/// The rows for which `is_set` is true, as a mask.
pub(crate) fn mask(rows: usize, is_set: impl FnMut(usize) -> bool) -> BooleanArray {
    BooleanArray::new(BooleanBuffer::collect_bool(rows, is_set), None)
}

fn span<O: OffsetSizeTrait>(offsets: &[O]) -> u64 {
    match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => (*last - *first).as_usize() as u64,
        _ => 0,
    }
}
