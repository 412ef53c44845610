//! Loads published rows into the buffers of batches.

use arrow::array::RecordBatch;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyDict};
use pyo3_arrow::PyRecordBatchReader;

use super::arrow::batches;
use super::errors::to_python;
use super::shards::PyShards;
use crate::error::Result;
use crate::load::{Flat, Padded, Row, TokenRows};
use crate::permutation::Permutation;
use crate::read::arrow::corrupt_arrow;
use crate::record::check_arrow;
use crate::record::schema::{
    INPUT_IDS, LABELS, ROW_WEIGHT, SEGMENT_KINDS, SEGMENT_LENGTHS, SEGMENT_WEIGHTS, SEQ_LENGTHS,
};

/// Checks that Arrow data of another library are valid for their types.
fn check_batch(batch: &RecordBatch) -> Result<()> {
    batch.schema_ref().fields().iter().zip(batch.columns()).try_for_each(|(field, column)| {
        check_arrow(column).map_err(|e| corrupt_arrow("<rows>").column(field.name()).source(e))
    })
}

/// The rows of an Arrow stream, by number. A number less than 0 is a filler: one token of padding with weight 0.
#[pyclass(frozen, name = "TokenRows", module = "fastprep._fastprep")]
pub(crate) struct PyTokenRows(TokenRows);

#[pymethods]
impl PyTokenRows {
    #[new]
    fn new(py: Python<'_>, data: PyRecordBatchReader) -> PyResult<Self> {
        let rows: Result<Vec<_>> = batches("<rows>".into(), data.into_reader()?).collect();
        let batches = rows.map_err(|e| to_python(py, &e))?;
        batches.iter().try_for_each(check_batch).map_err(|e| to_python(py, &e))?;
        Ok(PyTokenRows(TokenRows::new(&batches).map_err(|e| to_python(py, &e))?))
    }

    /// The rows of mapped shards.
    #[staticmethod]
    fn mapped(py: Python<'_>, shards: &PyShards) -> PyResult<Self> {
        let rows = shards.map().and_then(|(_, batches)| TokenRows::new(&batches));
        Ok(PyTokenRows(rows.map_err(|e| to_python(py, &e))?))
    }

    fn __len__(&self) -> usize {
        self.0.count()
    }

    /// The number of tokens of each row.
    fn lengths(&self, py: Python<'_>, rows: Vec<i64>) -> PyResult<Vec<usize>> {
        let rows = self.0.pick(&rows, &[0]).map_err(|e| to_python(py, &e))?;
        Ok(rows.iter().map(|row| row.ids.len()).collect())
    }

    /// Matrices of ids, mask and labels (int64) and weights (float32), one after another, and their height and width.
    fn padded<'py>(
        &self,
        py: Python<'py>,
        rows: Vec<i64>,
        prompt_loss_weight: f32,
        pad_token_id: i32,
        pad_to_multiple_of: usize,
        left: bool,
    ) -> PyResult<(Bound<'py, PyByteArray>, usize, usize)> {
        let options =
            Padded { prompt_loss_weight, pad_id: pad_token_id, multiple: pad_to_multiple_of.max(1), left };
        let pad = [pad_token_id];
        let picked = self.0.pick(&rows, &pad).and_then(|rows| options.shape(rows));
        let shape = picked.map_err(|e| to_python(py, &e))?;
        let planes =
            PyByteArray::new_with(py, shape.bytes(), |out| shape.fill(out).map_err(|e| to_python(py, &e)))?;
        Ok((planes, shape.height(), shape.width))
    }

    /// Vectors of ids, positions and labels (int64) and weights (float32), then the starts of documents and the end
    /// of the last (int32), all one after another; and the numbers of tokens, of documents, and of tokens of the
    /// longest document.
    fn flat<'py>(
        &self,
        py: Python<'py>,
        rows: Vec<i64>,
        prompt_loss_weight: f32,
        pad_token_id: i32,
        pad_to_multiple_of: usize,
    ) -> PyResult<(Bound<'py, PyByteArray>, usize, usize, usize)> {
        let options = Flat { prompt_loss_weight, pad_id: pad_token_id, multiple: pad_to_multiple_of.max(1) };
        let pad = [pad_token_id];
        let picked = self.0.pick(&rows, &pad).and_then(|rows| options.shape(rows));
        let shape = picked.map_err(|e| to_python(py, &e))?;
        let lines =
            PyByteArray::new_with(py, shape.bytes(), |out| shape.fill(out).map_err(|e| to_python(py, &e)))?;
        let longest = shape.documents.iter().copied().max().unwrap_or(0);
        Ok((lines, shape.tokens, shape.documents.len(), longest))
    }

    /// The values of each column for all rows, and how many each row has. Integers are int64, other numbers float32.
    fn columns<'py>(&self, py: Python<'py>, rows: Vec<i64>) -> PyResult<Bound<'py, PyDict>> {
        let rows = self.0.pick(&rows, &[0]).map_err(|e| to_python(py, &e))?;
        let columns = PyDict::new(py);
        let Some(first) = rows.first() else { return Ok(columns) };
        let int = |n: &i32| i64::from(*n).to_ne_bytes();
        add(&columns, INPUT_IDS, &rows, |row| row.ids, int)?;
        if first.labels.is_some() {
            add(&columns, LABELS, &rows, |row| row.labels.unwrap_or_default(), int)?;
        }
        if first.segment_lengths.is_some() {
            add(&columns, SEGMENT_LENGTHS, &rows, |row| row.segment_lengths.unwrap_or_default(), int)?;
        }
        if first.segment_kinds.is_some() {
            let int = |n: &u8| i64::from(*n).to_ne_bytes();
            add(&columns, SEGMENT_KINDS, &rows, |row| row.segment_kinds.unwrap_or_default(), int)?;
        }
        if first.segment_weights.is_some() {
            let float = |w: &f32| w.to_ne_bytes();
            add(&columns, SEGMENT_WEIGHTS, &rows, |row| row.segment_weights.unwrap_or_default(), float)?;
        }
        if first.seq_lengths.is_some() {
            add(&columns, SEQ_LENGTHS, &rows, |row| row.seq_lengths.unwrap_or_default(), int)?;
        }
        if first.weight.is_some() {
            let weights: Vec<u8> =
                rows.iter().flat_map(|row| (row.weight.unwrap_or(1.0) as f32).to_ne_bytes()).collect();
            columns.set_item(ROW_WEIGHT, (PyByteArray::new(py, &weights), vec![1; rows.len()]))?;
        }
        Ok(columns)
    }
}

fn add<'a, T: 'a, const BYTES: usize>(
    columns: &Bound<'_, PyDict>,
    name: &str,
    rows: &[Row<'a>],
    of: impl Fn(&Row<'a>) -> &'a [T],
    bytes: impl Fn(&T) -> [u8; BYTES],
) -> PyResult<()> {
    let lengths: Vec<usize> = rows.iter().map(|row| of(row).len()).collect();
    let flat = PyByteArray::new_with(columns.py(), lengths.iter().sum::<usize>() * BYTES, |out| {
        let values = rows.iter().flat_map(|row| of(row).iter().map(&bytes));
        out.as_chunks_mut::<BYTES>().0.iter_mut().zip(values).for_each(|(out, value)| *out = value);
        Ok(())
    })?;
    columns.set_item(name, (flat, lengths))
}

/// A permutation of rows by seed and epoch.
#[pyclass(frozen, name = "Permutation", module = "fastprep._fastprep")]
pub(crate) struct PyPermutation(Permutation, u64);

#[pymethods]
impl PyPermutation {
    #[new]
    fn new(rows: u64, seed: u64, epoch: u64) -> Self {
        PyPermutation(Permutation::new(rows, seed, epoch), rows)
    }

    /// The rows at positions `start`, `start + step`, … below `stop`.
    fn take(&self, start: u64, stop: u64, step: usize) -> Vec<u64> {
        (start..stop.min(self.1)).step_by(step.max(1)).map(|position| self.0.row_at(position)).collect()
    }
}
