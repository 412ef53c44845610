//! The places of rows as hidden columns, which carry them through a barrier.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt32Array, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, UInt32Type, UInt64Type};

use super::schema::{PLACE_BYTE, PLACE_COPY, PLACE_FILE, PLACE_LINE, PLACE_ROW};
use super::{Place, Places};
use crate::arrow_result::ArrowResult;
use crate::error::{Error, Result};
use crate::hash;

/// Adds columns with the places of the rows, after all other columns.
pub(crate) fn with_places(records: &RecordBatch, places: &Places) -> Result<RecordBatch> {
    let all: Vec<Place> = (0..records.num_rows()).map(|i| places.at(i)).collect();
    let columns: [(&str, DataType, ArrayRef); 5] = [
        (PLACE_FILE, DataType::UInt32, Arc::new(UInt32Array::from_iter_values(all.iter().map(|p| p.file)))),
        (PLACE_ROW, DataType::UInt64, Arc::new(UInt64Array::from_iter_values(all.iter().map(|p| p.row)))),
        (PLACE_LINE, DataType::UInt64, Arc::new(all.iter().map(|p| p.line).collect::<UInt64Array>())),
        (PLACE_BYTE, DataType::UInt64, Arc::new(all.iter().map(|p| p.byte).collect::<UInt64Array>())),
        (PLACE_COPY, DataType::UInt64, Arc::new(UInt64Array::from_iter_values(all.iter().map(|p| p.copy)))),
    ];
    let mut fields: Vec<Arc<Field>> = records.schema().fields().iter().cloned().collect();
    let mut arrays = records.columns().to_vec();
    for (name, data_type, column) in columns {
        fields.push(Arc::new(Field::new(name, data_type, [PLACE_LINE, PLACE_BYTE].contains(&name))));
        arrays.push(column);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).or_defect()
}

/// Removes the columns of [`with_places`], and returns the rows and their places.
///
/// # Errors
/// `Internal`, where a column is missing.
pub(crate) fn take_places(records: &RecordBatch) -> Result<(RecordBatch, Vec<Place>)> {
    let column = |name: &str| {
        let column = records.column_by_name(name);
        column.ok_or_else(|| Error::internal(format!("the rows after a barrier have no column `{name}`")))
    };
    let files = column(PLACE_FILE)?.as_primitive::<UInt32Type>();
    let numbers = |name| column(name).map(|column| column.as_primitive::<UInt64Type>());
    let (rows, lines, bytes) = (numbers(PLACE_ROW)?, numbers(PLACE_LINE)?, numbers(PLACE_BYTE)?);
    let copies = numbers(PLACE_COPY)?;
    let known = |column: &UInt64Array, i: usize| column.is_valid(i).then(|| column.value(i));
    let place = |i: usize| Place {
        file: files.value(i),
        row: rows.value(i),
        line: known(lines, i),
        byte: known(bytes, i),
        copy: copies.value(i),
    };
    let places = (0..records.num_rows()).map(place).collect();
    let own = [PLACE_FILE, PLACE_ROW, PLACE_LINE, PLACE_BYTE, PLACE_COPY];
    let schema = records.schema();
    let kept: Vec<usize> =
        (0..schema.fields().len()).filter(|i| !own.contains(&schema.field(*i).name().as_str())).collect();
    let fields: Vec<_> = kept.iter().map(|i| Arc::clone(&schema.fields()[*i])).collect();
    let columns = kept.iter().map(|i| Arc::clone(records.column(*i))).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(records.num_rows()));
    Ok((
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).or_defect()?,
        places,
    ))
}

/// The rows as their copies with this number, from 1: their places say that they are copies.
///
/// # Errors
/// `Internal`, where the rows have no places.
pub(crate) fn as_copies(records: &RecordBatch, nth: u64) -> Result<RecordBatch> {
    let no_places = || Error::internal("rows without places cannot be copied");
    let schema = records.schema();
    let (index, _) = schema.column_with_name(PLACE_COPY).ok_or_else(no_places)?;
    let mut columns = records.columns().to_vec();
    let copies = columns[index].as_primitive_opt::<UInt64Type>().ok_or_else(no_places)?;
    let numbers = copies.values().iter().map(|copy| hash::copy_number(*copy, nth));
    columns[index] = Arc::new(UInt64Array::from_iter_values(numbers));
    RecordBatch::try_new(schema, columns).or_defect()
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;

    use super::*;

    #[test]
    fn places_come_back_as_they_were() {
        let place = |file, row, line, byte| Place { file, row, line, byte, copy: row % 3 };
        let all = vec![
            place(3, 7, Some(8), Some(90)),
            place(0, 0, None, None),
            place(u32::MAX, u64::MAX - 1, Some(u64::MAX), Some(0)),
        ];
        let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        for columns in [vec![("n", column)], vec![]] {
            let records = match columns.is_empty() {
                false => RecordBatch::try_from_iter(columns).unwrap(),
                true => {
                    let options = RecordBatchOptions::new().with_row_count(Some(3));
                    RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap()
                }
            };
            let stored = with_places(&records, &Places::after_barrier(5, all.clone())).unwrap();
            assert_eq!(take_places(&stored.slice(1, 2)).unwrap().1, all[1..]);
            let (rows, places) = take_places(&stored).unwrap();
            assert_eq!((rows, places), (records, all.clone()));
        }
    }
}
