//! A digest of the rows of record batches. It does not depend on how the rows were cut into batches, nor on the
//! layout of the buffers.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::Field;

use super::{is_text, json, schema, text_views};
use crate::error::Result;
use crate::hash::{self, Checksum};

/// Reads batches one after another. Equal digests mean equal names, types and values.
pub(crate) struct RowsDigest {
    /// Name and type of each column, and the checksum of its values.
    columns: Vec<(String, Checksum)>,
    rows: u64,
}

impl RowsDigest {
    /// A digest of no rows, with these columns.
    pub(crate) fn new<'f>(columns: impl Iterator<Item = &'f Field>) -> Self {
        let name = |field: &Field| format!("{} {}", field.name(), schema::type_name(field));
        RowsDigest { columns: columns.map(|field| (name(field), Checksum::default())).collect(), rows: 0 }
    }

    /// Adds the rows of the next batch, whose columns have the order of [`new`](Self::new).
    ///
    /// # Errors
    /// Text that cannot be converted to string views.
    pub(crate) fn add(&mut self, records: &RecordBatch) -> Result<()> {
        self.rows += records.num_rows() as u64;
        let fields = records.schema_ref().fields();
        for (((_, sum), field), column) in self.columns.iter_mut().zip(fields).zip(records.columns()) {
            add_column(sum, field, column)?;
        }
        Ok(())
    }

    /// The digest of all rows so far: 32 hexadecimal digits.
    pub(crate) fn hex(&self) -> String {
        let column = |(name, sum): &(String, Checksum)| format!("{name} {}\n", sum.hex());
        let columns: String = self.columns.iter().map(column).collect();
        hash::digest_hex(format!("{} rows\n{columns}", self.rows).as_bytes())
    }
}

fn add_column(sum: &mut Checksum, field: &Field, column: &ArrayRef) -> Result<()> {
    if is_text(column.data_type()) {
        text_views(column.as_ref())?.iter().for_each(|text| add_value(sum, text.map(str::as_bytes)));
        return Ok(());
    }
    if let Some(width) = column.data_type().primitive_width() {
        let data = column.to_data();
        let values = data.buffers().first().map_or(&[][..], |b| b.as_slice());
        let values = values.get(data.offset() * width..).unwrap_or_default();
        for (i, value) in values.chunks_exact(width).take(column.len()).enumerate() {
            add_value(sum, column.is_valid(i).then_some(value));
        }
        return Ok(());
    }
    let mut text = Vec::new();
    for i in 0..column.len() {
        text.clear();
        json::write_value(&mut text, field, column.as_ref(), i);
        add_value(sum, column.is_valid(i).then_some(&text));
    }
    Ok(())
}

/// Adds a value with its length before it, so that values cannot run into each other.
fn add_value(sum: &mut Checksum, value: Option<&[u8]>) {
    sum.update(&value.map_or(0, |bytes| bytes.len() as u64 + 1).to_le_bytes());
    sum.update(value.unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{DictionaryArray, Float64Array, Int32Array, ListArray, StringArray, StringViewArray};
    use arrow::compute::concat_batches;
    use arrow::datatypes::{Int32Type, Int64Type};

    use super::*;

    fn rows() -> RecordBatch {
        let texts = [Some("a"), None, Some(""), Some("a long text that is no short view"), Some("é")];
        let lists = [Some(vec![Some(1), None]), None, Some(vec![]), Some(vec![Some(2)]), Some(vec![])];
        let columns: [(&str, ArrayRef); 5] = [
            ("text", Arc::new(StringArray::from_iter(texts))),
            ("view", Arc::new(StringViewArray::from_iter(texts))),
            ("word", Arc::new(DictionaryArray::<Int32Type>::from_iter(texts))),
            (
                "n",
                Arc::new(Float64Array::from_iter([Some(1.5), None, Some(-0.0), Some(f64::NAN), Some(0.0)])),
            ),
            ("list", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, c)| (name, c, true))).unwrap()
    }

    fn digest(batches: &[RecordBatch]) -> String {
        let schema = batches[0].schema();
        let mut digest = RowsDigest::new(schema.fields().iter().map(AsRef::as_ref));
        batches.iter().for_each(|batch| digest.add(batch).unwrap());
        digest.hex()
    }

    #[test]
    fn the_digest_does_not_depend_on_batches() {
        let rows = rows();
        let whole = digest(std::slice::from_ref(&rows));
        for size in 1..5 {
            let parts: Vec<RecordBatch> =
                (0..5).step_by(size).map(|i| rows.slice(i, size.min(5 - i))).collect();
            assert_eq!(digest(&parts), whole, "{size}");
            assert_eq!(digest(&[concat_batches(&rows.schema(), &parts).unwrap()]), whole, "{size}");
        }
    }

    #[test]
    fn every_value_and_name_changes_the_digest() {
        let n = |values: &[Option<i32>], name: &str| {
            let column: ArrayRef = Arc::new(Int32Array::from(values.to_vec()));
            digest(&[RecordBatch::try_from_iter_with_nullable([(name, column, true)]).unwrap()])
        };
        let known = [
            n(&[Some(1), Some(2)], "a"),
            n(&[Some(2), Some(1)], "a"),
            n(&[Some(1), None], "a"),
            n(&[Some(1), Some(0)], "a"),
            n(&[Some(1)], "a"),
            n(&[Some(1), Some(2)], "b"),
            digest(&[rows()]),
            digest(&[rows().slice(0, 4)]),
            digest(&[rows().slice(0, 0)]),
            digest(&[rows().project(&[]).unwrap()]),
            digest(&[rows().slice(0, 2).project(&[]).unwrap()]),
            n(&[], "a"),
        ];
        assert!(known.iter().enumerate().all(|(i, d)| !known[..i].contains(d)), "{known:?}");
    }
}
