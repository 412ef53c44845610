//! Reads a stream of record batches, and decodes record batches of any source to batches.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::compact::compact;
use super::inputs::Inputs;
use super::typed_columns::conform;
use super::wide_decimals::{widened, widened_schema};
use super::{ColumnKind, Limits, ReadColumn};
use crate::arrow_result::ArrowResult;
use crate::error::{Class, Error, Result, missing_column};
use crate::flow::{Cut, Decode, Piece};
use crate::record::{
    Batch, Places, RowPlace, RowsDigest, check_arrow, finding, is_text, json, size, text_views,
};
use crate::report::StepCounts;

/// A stream of record batches from the caller.
pub(crate) type RecordBatches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

/// Rows of one file or stream, as a record batch.
#[derive(Debug, Clone)]
pub struct Records {
    /// Index of the file.
    pub file: u32,
    /// The number of the first row within the file.
    pub first_row: u64,
    /// The rows.
    pub rows: RecordBatch,
}

impl Piece for Records {
    fn bytes(&self) -> usize {
        // The bytes of the rows and of their places. The buffers may be larger: a slice shares them with its
        // neighbours.
        size::bytes(&self.rows) + self.rows.num_rows() * size_of::<RowPlace>()
    }

    fn until(&self, row: u64) -> Self {
        let rows = usize::try_from((row + 1).saturating_sub(self.first_row)).unwrap_or(usize::MAX);
        Records { rows: self.rows.slice(0, rows.min(self.rows.num_rows())), ..*self }
    }
}

/// Checks the columns to read of a stream of record batches, and cuts the stream into pieces within the limits.
pub(crate) struct RecordsSource {
    stream: RecordBatches,
    name: String,
    columns: Vec<String>,
    inputs: Inputs,
    limits: Limits,
    file: u32,
    row: u64,
    current: Option<Slices>,
    /// Set if the digest of all rows is requested.
    digest: Option<RowsDigest>,
}

impl RecordsSource {
    /// Reads these columns of a stream once; `name` is its name in places and in the manifest.
    pub(crate) fn new(stream: RecordBatches, name: &str, columns: Vec<String>, limits: Limits) -> Self {
        let (name, inputs) = (name.to_string(), Inputs::from_stream(name));
        RecordsSource {
            stream,
            name,
            columns,
            inputs,
            limits: limits.clamped(),
            file: 0,
            row: 0,
            current: None,
            digest: None,
        }
    }

    /// The same source, with this file number.
    pub(crate) fn numbered(self, file: u32) -> Self {
        RecordsSource { file, ..self }
    }

    /// The same source, which records the digest of all rows in its inputs; `schema` is the schema of the stream.
    pub(crate) fn digested(self, schema: &Schema) -> Self {
        let fields = self.columns.iter().filter_map(|column| schema.field_with_name(column).ok());
        let digest = Some(RowsDigest::new(fields));
        RecordsSource { digest, ..self }
    }

    /// The inputs: the name of the stream.
    pub(crate) fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }
}

impl Cut for RecordsSource {
    type Piece = Records;

    fn next(&mut self) -> Result<Option<Records>> {
        loop {
            if let Some(rows) = self.current.as_mut().and_then(Slices::next) {
                let first_row = self.row;
                self.row += rows.num_rows() as u64;
                return Ok(Some(Records { file: self.file, first_row, rows }));
            }
            match self.stream.next() {
                Some(records) => {
                    let records = checked_columns(&records?, &self.columns, &self.name)?;
                    if let Some(digest) = &mut self.digest {
                        digest.add(&records)?;
                    }
                    self.current = Some(Slices::new(with_wide_decimals(records)?, self.limits));
                }
                None => {
                    if let Some(digest) = &self.digest {
                        self.inputs.record(0, 0, digest.hex());
                    }
                    return Ok(None);
                }
            }
        }
    }
}

/// The columns to read of a record batch, after a check that the data of each fit its type.
fn checked_columns(records: &RecordBatch, columns: &[String], name: &str) -> Result<RecordBatch> {
    let schema = records.schema();
    let wanted: Vec<usize> = columns.iter().filter_map(|c| schema.index_of(c).ok()).collect();
    for &i in &wanted {
        check_arrow(records.column(i))
            .map_err(|e| corrupt_arrow(name).column(schema.field(i).name()).source(e))?;
    }
    records.project(&wanted).or_defect()
}

/// The rows with wide decimals; the values were checked before.
fn with_wide_decimals(records: RecordBatch) -> Result<RecordBatch> {
    let schema = widened_schema(records.schema_ref());
    if schema.fields() == records.schema_ref().fields() {
        return Ok(records);
    }
    let columns = records.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| conform(column, field.data_type()));
    let columns = columns.collect::<std::result::Result<Vec<_>, _>>().or_defect()?;
    let options = RecordBatchOptions::new().with_row_count(Some(records.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(schema), columns, &options).or_defect()
}

/// The error for record batches whose data do not fit their types.
#[cold]
pub(crate) fn corrupt_arrow(name: &str) -> Error {
    Error::new(Class::Source, "corrupt_arrow", "the Arrow data are damaged")
        .path(name)
        .help("create the data again; table.validate(full=True) of pyarrow says what is damaged")
}

/// Slices of a record batch, each within the limits of rows and of bytes. The size of a row is taken as the average.
pub(crate) struct Slices {
    records: RecordBatch,
    rows: usize,
    next_row: usize,
}

impl Slices {
    pub(crate) fn new(records: RecordBatch, limits: Limits) -> Self {
        let rows = limits.rows_of(size::bytes(&records) / records.num_rows().max(1));
        Slices { records, rows, next_row: 0 }
    }
}

impl Iterator for Slices {
    type Item = RecordBatch;

    fn next(&mut self) -> Option<RecordBatch> {
        let rows = self.rows.min(self.records.num_rows() - self.next_row);
        if rows == 0 {
            return None;
        }
        let slice = self.records.slice(self.next_row, rows);
        self.next_row += rows;
        Some(slice)
    }
}

/// Decodes record batches to batches: the requested columns in their order, text as views. Rejects no row.
///
/// Finding: `coerced:<name>` for a text of a column of type `arrow.json` that is not JSON; it becomes a JSON string.
#[derive(Debug)]
pub struct RecordsDecode {
    schema: SchemaRef,
}

impl RecordsDecode {
    /// Columns of kind [`ColumnKind::Text`] become string views, from strings of any Arrow type; others keep their
    /// type in `input`.
    ///
    /// # Errors
    /// `missing_column`; `wrong_type`: a column of kind text is not text.
    pub fn new(columns: &[ReadColumn], input: &Schema) -> Result<Self> {
        let fields = columns.iter().map(|column| field(column, input)).collect::<Result<Vec<_>>>()?;
        Ok(RecordsDecode { schema: Arc::new(Schema::new(fields)) })
    }

    /// The schema of every batch.
    pub(crate) fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

fn field(column: &ReadColumn, input: &Schema) -> Result<Field> {
    let Ok(found) = input.field_with_name(&column.name) else {
        let known: Vec<String> = input.fields().iter().map(|f| f.name().clone()).collect();
        return Err(missing_column(&column.name, "read", &known));
    };
    let field = found.clone().with_nullable(true).with_data_type(widened(found.data_type()));
    if column.kind != ColumnKind::Text {
        return Ok(field);
    }
    if !is_text(found.data_type()) && !found.data_type().is_null() {
        let message = format!("column `{}` is {}, not text", column.name, found.data_type());
        return Err(Error::new(Class::Column, "wrong_type", message)
            .help("cast it with with_columns")
            .column(&column.name));
    }
    Ok(field.with_data_type(DataType::Utf8View))
}

impl Decode<Records> for RecordsDecode {
    fn decode(&self, piece: Records, counts: &mut StepCounts) -> Result<Batch> {
        let records = piece.rows;
        let rows = records.num_rows();
        let places = Places::numbered(piece.file, piece.first_row, rows);
        let mut columns = Vec::with_capacity(self.schema.fields().len());
        for field in self.schema.fields() {
            let column =
                records.column_by_name(field.name()).ok_or_else(|| schema_changed(field, "is missing"))?;
            let view = *field.data_type() == DataType::Utf8View;
            let column: ArrayRef = if column.data_type() == field.data_type() {
                column.as_string_view_opt().map_or_else(|| column.clone(), |text| Arc::new(compact(text)))
            } else if view && (is_text(column.data_type()) || column.data_type().is_null()) {
                Arc::new(text_views(column.as_ref())?)
            } else {
                return Err(schema_changed(field, &format!("is {}", column.data_type())));
            };
            let (column, not_json) = json::checked(field, &column)?;
            if let Some(&first) = not_json.first() {
                counts.add_named_finding(
                    finding::COERCED,
                    field.name(),
                    places.at(first),
                    not_json.len() as u64,
                );
            }
            columns.push(column);
        }
        counts.rows_in += rows as u64;
        counts.rows_out += rows as u64;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let records = RecordBatch::try_new_with_options(self.schema(), columns, &options).or_defect()?;
        Ok(Batch::new(records, places))
    }
}

#[cold]
fn schema_changed(field: &Field, found: &str) -> Error {
    let message = format!(
        "column `{}` is {} in the schema of the stream, but in a batch it {found}",
        field.name(),
        field.data_type()
    );
    Error::new(Class::Source, "schema_changed", message).column(field.name())
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        DictionaryArray, Int32Array, LargeStringArray, NullArray, StringArray, StringViewArray,
    };
    use arrow::datatypes::Int32Type;

    use super::*;

    fn numbers(from: i32, rows: i32) -> RecordBatch {
        let column: ArrayRef = Arc::new(Int32Array::from_iter_values(from..from + rows));
        RecordBatch::try_from_iter([("n", column)]).unwrap()
    }

    fn piece(first_row: u64, rows: RecordBatch) -> Records {
        Records { file: 0, first_row, rows }
    }

    #[test]
    fn slices_are_numbered_through_the_stream() {
        for (batch_rows, batch_bytes) in [(1, 1 << 20), (3, 1 << 20), (100, 1 << 20), (100, 8), (100, 1)] {
            let stream = [(0, 5), (5, 0), (5, 7)].map(|(from, rows)| Ok(numbers(from, rows)));
            let limits = Limits { batch_rows, batch_bytes, ..Limits::default() };
            let mut source = RecordsSource::new(Box::new(stream.into_iter()), "df", vec!["n".into()], limits);
            let mut seen = 0;
            while let Some(Records { file: 0, first_row, rows: records }) = source.next().unwrap() {
                assert_eq!(first_row, seen);
                assert!(records.num_rows() <= batch_rows && (batch_bytes > 8 || records.num_rows() <= 2));
                for &n in records.column(0).as_primitive::<Int32Type>().values() {
                    assert_eq!(n as u64, seen);
                    seen += 1;
                }
            }
            assert_eq!(seen, 12);
        }
    }

    #[test]
    fn text_becomes_views_and_other_columns_keep_their_types() {
        let texts = || [Some("short"), None, Some("a text that is longer than a view holds inline")];
        let dictionary: DictionaryArray<Int32Type> = texts().into_iter().collect();
        let columns: [(&str, ArrayRef); 6] = [
            ("utf8", Arc::new(StringArray::from_iter(texts()))),
            ("large", Arc::new(LargeStringArray::from_iter(texts()))),
            ("view", Arc::new(StringViewArray::from_iter(texts()))),
            ("dictionary", Arc::new(dictionary)),
            ("null", Arc::new(NullArray::new(3))),
            ("n", Arc::new(Int32Array::from(vec![1, 2, 3]))),
        ];
        let records = RecordBatch::try_from_iter(columns).unwrap();
        let all = ["n", "dictionary", "null", "view", "large", "utf8"];
        let wanted: Vec<ReadColumn> =
            all.iter().map(|n| ReadColumn::new(*n, ColumnKind::Text)).skip(1).collect();
        let decode = RecordsDecode::new(&wanted, records.schema_ref()).unwrap();
        let mut counts = StepCounts::default();
        let batch = decode.decode(piece(7, records.clone()), &mut counts).unwrap();
        assert_eq!((counts.rows_in, counts.rows_out), (3, 3));
        assert_eq!((batch.places.at(2).row, batch.places.at(2).line), (9, None));
        for name in ["utf8", "large", "view", "dictionary"] {
            assert_eq!(
                batch.column(name).unwrap().as_string_view().iter().collect::<Vec<_>>(),
                texts(),
                "{name}"
            );
        }
        assert_eq!(batch.column("null").unwrap().as_string_view().null_count(), 3);

        let as_is =
            [ReadColumn::new("n", ColumnKind::Int64), ReadColumn::new("dictionary", ColumnKind::LenientText)];
        let decode = RecordsDecode::new(&as_is, records.schema_ref()).unwrap();
        let batch = decode.decode(piece(0, records.clone()), &mut counts).unwrap();
        assert_eq!(*batch.records.column(0).data_type(), DataType::Int32);
        assert!(matches!(batch.records.column(1).data_type(), DataType::Dictionary(..)));

        for (name, code) in [("gone", "missing_column"), ("n", "wrong_type")] {
            let e = RecordsDecode::new(&[ReadColumn::new(name, ColumnKind::Text)], records.schema_ref())
                .unwrap_err();
            assert_eq!(e.code(), code);
        }
        let decode = RecordsDecode::new(&wanted, records.schema_ref()).unwrap();
        assert_eq!(decode.decode(piece(0, numbers(0, 1)), &mut counts).unwrap_err().code(), "schema_changed");
    }
}
