//! The class `TextFunction`: a function of a column of text that expressions call.

use pyo3::prelude::*;
use pyo3_arrow::PyChunkedArray;

use super::errors::to_python;
use super::tokenizer::over_column;
use crate::engine::TextFunction;

/// A function of a column of text, from its JSON: an object whose key is the name, with its options.
#[pyclass(frozen, name = "TextFunction", module = "fastprep._fastprep")]
pub(crate) struct PyTextFunction {
    name: String,
    function: TextFunction,
}

#[pymethods]
impl PyTextFunction {
    #[new]
    fn new(py: Python<'_>, name: String, json: &str) -> PyResult<Self> {
        let function = TextFunction::from_json(&name, json).map_err(|e| to_python(py, &e))?;
        Ok(PyTextFunction { name, function })
    }

    /// The results for the texts of an Arrow column, in order.
    fn apply(&self, py: Python<'_>, texts: &Bound<'_, PyAny>) -> PyResult<PyChunkedArray> {
        let data_type = self.function.data_type();
        over_column(py, &self.name, texts, None, data_type, |chunks, resources, cancel, interrupted| {
            self.function.apply(chunks, resources, cancel, interrupted)
        })
    }
}
