//! Rows as JSON objects.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Field;

use super::text::write_string;
use super::value::Writer;
use crate::record::schema;

/// Row `i` as a JSON object: keys in schema order, without hidden columns.
pub fn row(records: &RecordBatch, i: usize) -> String {
    let mut out = Vec::new();
    write_row(&mut out, records, i);
    // `write_row` writes only UTF-8.
    String::from_utf8(out).unwrap_or_default()
}

/// Appends the value of row `i` of a column.
pub fn write_value(out: &mut Vec<u8>, field: &Field, column: &dyn Array, i: usize) {
    Writer::new(out).column(field, column, i);
}

/// Appends row `i` as a JSON object.
pub fn write_row(out: &mut Vec<u8>, records: &RecordBatch, i: usize) {
    write_values(out, records, i, |_| true);
}

/// Appends row `i` as a JSON object without the columns that are null in it.
pub(crate) fn write_present(out: &mut Vec<u8>, records: &RecordBatch, i: usize) {
    write_values(out, records, i, |column| column.is_valid(i));
}

fn write_values(out: &mut Vec<u8>, records: &RecordBatch, i: usize, is_written: impl Fn(&dyn Array) -> bool) {
    let mut writer = Writer::new(out);
    writer.out.push(b'{');
    let mut first = true;
    for (field, column) in records.schema_ref().fields().iter().zip(records.columns()) {
        if schema::is_hidden(field.name()) || !is_written(column.as_ref()) {
            continue;
        }
        if !std::mem::take(&mut first) {
            writer.out.push(b',');
        }
        write_string(writer.out, field.name());
        writer.out.push(b':');
        writer.column(field, column.as_ref(), i);
    }
    writer.out.push(b'}');
}
