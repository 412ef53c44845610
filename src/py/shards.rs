//! Prepared folders: the manifest, and mapped or read shards as an Arrow stream.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StructArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};
use pyo3_arrow::ffi::{ArrayIterator, to_stream_pycapsule};

use super::errors::to_python;
use crate::artifact::manifest::{Column, FileEntry, PARQUET};
use crate::artifact::shard::damaged_shard;
use crate::artifact::{Shard, open_complete, parquet_shard};
use crate::error::Result;
use crate::store::Files;

/// The manifest of a prepared folder as JSON. Every field is checked, and the Arrow shards exist.
#[pyfunction]
pub(crate) fn manifest(py: Python<'_>, dir: PathBuf) -> PyResult<String> {
    py.detach(|| open_complete(&Files::local(), &dir)).map_err(|e| to_python(py, &e))
}

/// Some shards of one split, not opened yet. Another process can map them too.
#[pyclass(frozen, name = "Shards", module = "fastprep._fastprep")]
pub(crate) struct PyShards {
    /// The files, each with its number of rows and its size in bytes.
    files: Vec<(PathBuf, u64, u64)>,
    columns: Vec<(String, String)>,
    /// Whether all text is checked to be UTF-8, which reads it.
    text: bool,
}

impl PyShards {
    /// The schema and the rows. Without `text`, columns have the types of `stored_type`.
    pub(super) fn map(&self) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        let columns: Vec<Column> = self
            .columns
            .iter()
            .map(|(name, type_name)| Column { name: name.clone(), type_name: type_name.clone() })
            .collect();
        let (mut schema, mut batches) = (Arc::new(Schema::empty()), Vec::new());
        for (i, (path, rows, bytes)) in self.files.iter().enumerate() {
            let is_parquet = path.extension().is_some_and(|end| end == PARQUET);
            let format = if is_parquet { PARQUET } else { "arrow" };
            let entry = FileEntry {
                name: String::new(),
                split: None,
                format: format.into(),
                rows: *rows,
                tokens: 0,
                bytes: *bytes,
                xxh3: String::new(),
            };
            let shard = match is_parquet {
                true => parquet_shard::read(&Files::local(), path, &entry, &columns)?,
                false => Shard::map(&Files::local(), path, &entry, &columns)?,
            };
            if i == 0 {
                schema = shard.schema.clone();
            } else if shard.schema != schema {
                return Err(damaged_shard(path, "its columns differ from those of the shard before it"));
            }
            batches.extend(match self.text {
                true => shard.with_text().map_err(|what| damaged_shard(path, &what))?,
                false => shard.batches,
            });
        }
        Ok((schema, batches))
    }
}

#[pymethods]
impl PyShards {
    #[new]
    #[pyo3(signature = (files, columns, text = false))]
    fn new(files: Vec<(PathBuf, u64, u64)>, columns: Vec<(String, String)>, text: bool) -> Self {
        PyShards { files, columns, text }
    }

    /// The folder of the files.
    #[getter]
    fn folder(&self) -> String {
        let folder = self.files.first().and_then(|(path, ..)| path.parent());
        folder.map(|f| f.display().to_string()).unwrap_or_default()
    }

    /// The names of the columns.
    #[getter]
    fn columns(&self) -> Vec<&str> {
        self.columns.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Maps the files, or reads Parquet files into memory. The columns have their own types; text is known to be UTF-8
    /// only with `text`.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema);
        let (schema, batches) = py.detach(|| self.map()).map_err(|e| to_python(py, &e))?;
        let row = Field::new("", DataType::Struct(schema.fields().clone()), false);
        let row = Arc::new(row.with_metadata(schema.metadata().clone()));
        // Arrays are exported without types: the schema of the stream gives them.
        let arrays = batches.into_iter().map(|batch| Ok(Arc::new(StructArray::from(batch)) as ArrayRef));
        let arrays = ArrayIterator::new(arrays.collect::<Vec<_>>(), row);
        Ok(to_stream_pycapsule(py, Box::new(arrays), None)?)
    }

    /// Its fields, for pickling: the process that unpickles it maps the files again.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let class = py.get_type::<PyShards>();
        let parts = (self.files.clone(), self.columns.clone(), self.text);
        (class, parts).into_pyobject(py)
    }
}
