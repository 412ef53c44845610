//! Functions of the user over Arrow tables.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use pyo3::prelude::*;
use pyo3_arrow::PyTable;

use super::errors::from_python;
use crate::compute::Function;
use crate::error::Result;

/// A Python callable from an Arrow table to an Arrow table.
pub(crate) struct PyFunction {
    /// Its name in errors.
    pub name: String,
    pub(crate) callable: Py<PyAny>,
}

impl Function for PyFunction {
    fn call(&self, columns: &RecordBatch) -> Result<RecordBatch> {
        Python::attach(|py| {
            let call = || -> PyResult<RecordBatch> {
                let argument = PyTable::try_new(vec![columns.clone()], columns.schema())?;
                let result: PyTable = self.callable.call1(py, (argument.into_pyobject(py)?,))?.extract(py)?;
                let (batches, schema) = result.into_inner();
                Ok(concat_batches(&schema, &batches).map_err(pyo3_arrow::error::PyArrowError::from)?)
            };
            call().map_err(|e| from_python(py, e, &self.name))
        })
    }
}
