//! The typed columns of several files, and the conversion of each file to them.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, LargeListArray, LargeListViewArray, ListArray,
    ListViewArray, MapArray, RecordBatch, RecordBatchOptions, StructArray, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::InputFile;
use super::wide_decimals::widened;
use crate::error::{Class, Error, Result, missing_column};
use crate::record::schema::is_json;
use crate::record::{is_text, text_views};

/// Columns in order of first appearance, each with the name of the first file that has it.
#[derive(Default)]
pub(crate) struct SchemaUnion(Vec<(FieldRef, String)>);

impl SchemaUnion {
    /// Adds the columns of a file. Fails with `schema_mismatch` if a column has another type than in the files before
    /// it; the null type matches every type.
    pub(crate) fn add(&mut self, found: &Schema, file: &InputFile) -> Result<()> {
        for (i, field) in found.fields().iter().enumerate() {
            // Two columns with one name in a file are both kept; the plan refuses them.
            let is_second = found.fields()[..i].iter().any(|f| f.name() == field.name());
            let known = self.0.iter_mut().find(|(known, _)| known.name() == field.name() && !is_second);
            let Some((known, first)) = known else {
                self.0.push((field.clone(), file.name.clone()));
                continue;
            };
            match merged(known, field) {
                Some(both) => *known = both,
                None => return Err(mismatch(known, field, file, first)),
            }
        }
        Ok(())
    }

    /// The schema of all files.
    pub(crate) fn schema(self) -> Schema {
        Schema::new(self.0.into_iter().map(|(field, _)| field).collect::<Vec<_>>())
    }
}

#[cold]
fn mismatch(known: &Field, field: &Field, file: &InputFile, first: &str) -> Error {
    let shown = |f: &Field| if is_json(f) { "JSON text".to_string() } else { f.data_type().to_string() };
    let message =
        format!("column `{}` is {} here and {} in {first}", field.name(), shown(field), shown(known));
    Error::new(Class::Source, "schema_mismatch", message)
        .help("scan the files separately, or write them with one schema")
        .column(field.name())
        .path(file.path.display())
}

/// A field for the values of both, with the name and the extension type of the first, unless that is of type null.
fn merged(a: &FieldRef, b: &FieldRef) -> Option<FieldRef> {
    if a == b {
        return Some(a.clone());
    }
    match (a.data_type(), b.data_type()) {
        (_, DataType::Null) => return Some(nullable(a)),
        (DataType::Null, _) => return Some(nullable(&Arc::new(b.as_ref().clone().with_name(a.name())))),
        _ if is_json(a) != is_json(b) => return None,
        _ => {}
    }
    let data_type = match (a.data_type(), b.data_type()) {
        (x, y) if x == y => x.clone(),
        (DataType::List(x), DataType::List(y)) => DataType::List(merged(x, y)?),
        (DataType::LargeList(x), DataType::LargeList(y)) => DataType::LargeList(merged(x, y)?),
        (DataType::FixedSizeList(x, n), DataType::FixedSizeList(y, m)) if n == m => {
            DataType::FixedSizeList(merged(x, y)?, *n)
        }
        (DataType::Map(x, sorted), DataType::Map(y, also)) => DataType::Map(merged(x, y)?, *sorted && *also),
        (DataType::Struct(x), DataType::Struct(y)) if names(x).eq(names(y)) => {
            DataType::Struct(x.iter().zip(y).map(|(x, y)| merged(x, y)).collect::<Option<Fields>>()?)
        }
        _ => return None,
    };
    let both = a.as_ref().clone().with_data_type(data_type);
    Some(Arc::new(both.with_nullable(a.is_nullable() || b.is_nullable())))
}

fn names(fields: &Fields) -> impl Iterator<Item = &String> {
    fields.iter().map(|f| f.name())
}

fn nullable(field: &FieldRef) -> FieldRef {
    Arc::new(field.as_ref().clone().with_nullable(true))
}

/// A nullable field that keeps only the metadata of its extension type, and has wide decimals.
pub(crate) fn returned_field(field: &FieldRef) -> Field {
    let metadata = field.metadata().iter().filter(|(k, _)| k.starts_with("ARROW:extension:"));
    let metadata = metadata.map(|(k, v)| (k.clone(), v.clone())).collect();
    Field::new(field.name(), widened(field.data_type()), true).with_metadata(metadata)
}

/// The fields of these columns, in this order.
///
/// # Errors
/// `missing_column`; `verb` is named in its message.
pub(crate) fn select(schema: &Schema, columns: &[String], verb: &str) -> Result<SchemaRef> {
    let known = || schema.fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
    let field = |name: &String| match schema.field_with_name(name) {
        Ok(field) => Ok(field.clone()),
        Err(_) => Err(missing_column(name, verb, &known())),
    };
    Ok(Arc::new(Schema::new(columns.iter().map(field).collect::<Result<Vec<Field>>>()?)))
}

/// Converts rows of a file to the columns of all files: a file may have another order of columns, forbid nulls, lack
/// columns, or have text in another layout. `damaged` makes the error for a column that cannot be converted.
pub(crate) fn conform_records(
    records: &RecordBatch,
    schema: &SchemaRef,
    damaged: impl Fn(&str) -> Error,
) -> Result<RecordBatch> {
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let column = match records.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => Arc::clone(column),
            Some(column) if *field.data_type() == DataType::Utf8View && is_text(column.data_type()) => {
                Arc::new(text_views(column)?)
            }
            Some(column) => conform(column, field.data_type()).map_err(|e| damaged(&e.to_string()))?,
            None => new_null_array(field.data_type(), records.num_rows()),
        };
        columns.push(column);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(records.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(|e| damaged(&e.to_string()))
}

/// Converts a column to its type in all files of the source: of the same kind, with wide decimals.
///
/// # Errors
/// It is of another kind; its values do not fit.
pub(crate) fn conform(column: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    if column.data_type() == to {
        return Ok(column.clone());
    }
    Ok(match (column.data_type(), to) {
        (DataType::Null, _) => new_null_array(to, column.len()),
        (DataType::Decimal32(..) | DataType::Decimal64(..), DataType::Decimal128(..)) => cast(column, to)?,
        (DataType::Dictionary(..), DataType::Dictionary(_, value)) => {
            let dictionary = column.as_any_dictionary();
            dictionary.with_values(conform(dictionary.values(), value)?)
        }
        (DataType::ListView(_), DataType::ListView(item)) => {
            let (_, offsets, sizes, values, nulls) = column.as_list_view::<i32>().clone().into_parts();
            let values = conform(&values, item.data_type())?;
            Arc::new(ListViewArray::try_new(item.clone(), offsets, sizes, values, nulls)?)
        }
        (DataType::LargeListView(_), DataType::LargeListView(item)) => {
            let (_, offsets, sizes, values, nulls) = column.as_list_view::<i64>().clone().into_parts();
            let values = conform(&values, item.data_type())?;
            Arc::new(LargeListViewArray::try_new(item.clone(), offsets, sizes, values, nulls)?)
        }
        (DataType::List(_), DataType::List(item)) => {
            let (_, offsets, values, nulls) = column.as_list::<i32>().clone().into_parts();
            Arc::new(ListArray::try_new(item.clone(), offsets, conform(&values, item.data_type())?, nulls)?)
        }
        (DataType::LargeList(_), DataType::LargeList(item)) => {
            let (_, offsets, values, nulls) = column.as_list::<i64>().clone().into_parts();
            let values = conform(&values, item.data_type())?;
            Arc::new(LargeListArray::try_new(item.clone(), offsets, values, nulls)?)
        }
        (DataType::FixedSizeList(..), DataType::FixedSizeList(item, n)) => {
            let (_, _, values, nulls) = column.as_fixed_size_list().clone().into_parts();
            let values = conform(&values, item.data_type())?;
            Arc::new(FixedSizeListArray::try_new_with_length(item.clone(), *n, values, nulls, column.len())?)
        }
        (DataType::Map(..), DataType::Map(entry, sorted)) => {
            let (_, offsets, entries, nulls, _) = column.as_map().clone().into_parts();
            let entries: ArrayRef = Arc::new(entries);
            let entries = conform(&entries, entry.data_type())?.as_struct().clone();
            Arc::new(MapArray::try_new(entry.clone(), offsets, entries, nulls, *sorted)?)
        }
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let (_, columns, nulls) = column.as_struct().clone().into_parts();
            let columns = columns.iter().zip(fields).map(|(c, f)| conform(c, f.data_type()));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            Arc::new(StructArray::try_new_with_length(fields.clone(), columns, nulls, column.len())?)
        }
        (found, _) => return Err(ArrowError::SchemaError(format!("{found} cannot be converted to {to}"))),
    })
}
