//! Access to tokenized rows of record batches by number.

use arrow::array::{Float64Array, ListArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Int32Type, UInt8Type};

use crate::error::{Class, Error, Result};
use crate::record::schema::{
    IGNORE, INPUT_IDS, LABELS, NEVER, ROW_WEIGHT, SEGMENT_KINDS, SEGMENT_LENGTHS, SEGMENT_WEIGHTS,
    SEQ_LENGTHS,
};
use crate::record::tokens::{items, lists, row_weights};

/// The number of a filler: a row of one padding token with weight 0.
pub const FILLER: i64 = -1;

/// A row, as slices of its columns. Columns that the shards do not have are `None`.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The number of the row.
    pub(crate) number: u64,
    /// Token ids.
    pub(crate) ids: &'a [i32],
    /// The label of each token; −100 if it is not trained.
    pub(crate) labels: Option<&'a [i32]>,
    /// Number of tokens of each segment.
    pub(crate) segment_lengths: Option<&'a [i32]>,
    /// Kind of each segment.
    pub(crate) segment_kinds: Option<&'a [u8]>,
    /// Weight of each segment, a factor of the weights of its tokens.
    pub(crate) segment_weights: Option<&'a [f32]>,
    /// Number of tokens of each packed document.
    pub(crate) seq_lengths: Option<&'a [i32]>,
    /// Weight of the row, a factor of the weights of its tokens.
    pub(crate) weight: Option<f64>,
}

/// The rows of record batches, by number.
#[derive(Debug)]
pub struct TokenRows {
    /// The first row of each chunk.
    starts: Vec<usize>,
    chunks: Vec<Chunk>,
    rows: usize,
}

#[derive(Debug)]
struct Chunk {
    ids: ListArray,
    labels: Option<ListArray>,
    segment_lengths: Option<ListArray>,
    segment_kinds: Option<ListArray>,
    segment_weights: Option<ListArray>,
    seq_lengths: Option<ListArray>,
    weights: Option<Float64Array>,
}

impl TokenRows {
    /// The rows of these batches, one after another; columns of other names are ignored.
    ///
    /// # Errors
    /// `Column`: there is no column of ids. `Data`: a column has nulls or values of another type.
    pub fn new(batches: &[RecordBatch]) -> Result<Self> {
        let (mut starts, mut chunks, mut rows) = (Vec::new(), Vec::new(), 0);
        for batch in batches.iter().filter(|batch| batch.num_rows() > 0) {
            let column = |name, item| batch.column_by_name(name).map(|c| lists(name, c, item)).transpose();
            let ids = column(INPUT_IDS, DataType::Int32)?
                .ok_or_else(|| missing(INPUT_IDS, batch, "add .tokenize(...) to the plan"))?;
            starts.push(rows);
            rows += batch.num_rows();
            chunks.push(Chunk {
                ids,
                labels: column(LABELS, DataType::Int32)?,
                segment_lengths: column(SEGMENT_LENGTHS, DataType::Int32)?,
                segment_kinds: column(SEGMENT_KINDS, DataType::UInt8)?,
                segment_weights: column(SEGMENT_WEIGHTS, DataType::Float32)?,
                seq_lengths: column(SEQ_LENGTHS, DataType::Int32)?,
                weights: batch.column_by_name(ROW_WEIGHT).map(row_weights).transpose()?,
            });
        }
        Ok(TokenRows { starts, chunks, rows })
    }

    /// The number of rows.
    pub fn count(&self) -> usize {
        self.rows
    }

    /// The rows with these numbers. A number below 0, such as [`FILLER`], is a filler: the token `pad` with weight 0.
    pub fn pick<'a>(&'a self, numbers: &[i64], pad: &'a [i32; 1]) -> Result<Vec<Row<'a>>> {
        let row = |number: &i64| match usize::try_from(*number) {
            Ok(number) => self.row(number),
            Err(_) => Ok(self.filler(pad)),
        };
        numbers.iter().map(row).collect()
    }

    /// A filler with the same columns as the rows.
    fn filler<'a>(&self, pad: &'a [i32; 1]) -> Row<'a> {
        let like = self.chunks.first();
        let has_column = |column: fn(&Chunk) -> &Option<ListArray>| like.is_some_and(|c| column(c).is_some());
        Row {
            number: self.rows as u64,
            ids: pad,
            labels: has_column(|c| &c.labels).then_some(&[IGNORE]),
            segment_lengths: has_column(|c| &c.segment_lengths).then_some(&[1]),
            segment_kinds: has_column(|c| &c.segment_kinds).then_some(&[NEVER]),
            segment_weights: has_column(|c| &c.segment_weights).then_some(&[1.0]),
            seq_lengths: has_column(|c| &c.seq_lengths).then_some(&[1]),
            weight: like.and_then(|c| c.weights.as_ref()).map(|_| 0.0),
        }
    }

    /// The row with this number, which must be below [`count`](Self::count).
    pub fn row(&self, number: usize) -> Result<Row<'_>> {
        let chunk = self.starts.partition_point(|start| *start <= number);
        let (Some(start), true) = (self.starts.get(chunk.wrapping_sub(1)), number < self.rows) else {
            return Err(Error::internal(format!("row {number} was requested of {} rows", self.rows)));
        };
        let (chunk, i) = (&self.chunks[chunk - 1], number - start);
        Ok(Row {
            number: number as u64,
            ids: items::<Int32Type>(&chunk.ids, i),
            labels: chunk.labels.as_ref().map(|c| items::<Int32Type>(c, i)),
            segment_lengths: chunk.segment_lengths.as_ref().map(|c| items::<Int32Type>(c, i)),
            segment_kinds: chunk.segment_kinds.as_ref().map(|c| items::<UInt8Type>(c, i)),
            segment_weights: chunk.segment_weights.as_ref().map(|c| items::<Float32Type>(c, i)),
            seq_lengths: chunk.seq_lengths.as_ref().map(|c| items::<Int32Type>(c, i)),
            weight: chunk.weights.as_ref().map(|c| c.value(i)),
        })
    }
}

#[cold]
fn missing(name: &str, batch: &RecordBatch, help: &str) -> Error {
    let names: Vec<&str> = batch.schema_ref().fields().iter().map(|f| f.name().as_str()).collect();
    let message = format!("there is no column `{name}`; columns: {}", names.join(", "));
    Error::new(Class::Column, "missing_column", message).column(name).help(help)
}
