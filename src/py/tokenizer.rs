//! `Tokenizer`: the one that `tokenize` would use, by itself.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;

use super::errors::to_python;
use crate::tokenize::LoadedTokenizer;

/// A loaded tokenizer.
#[pyclass(frozen, name = "Tokenizer", module = "fastprep")]
pub struct PyTokenizer(pub Arc<LoadedTokenizer>);

#[pymethods]
impl PyTokenizer {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let loaded = LoadedTokenizer::from_path(&path).map_err(|e| to_python(py, &e))?;
        Ok(PyTokenizer(Arc::new(loaded)))
    }

    /// The text of each token, so that together they are the decoded text.
    fn token_texts(&self, py: Python<'_>, ids: Vec<i32>) -> PyResult<Vec<String>> {
        self.0.token_texts(&ids).map_err(|e| to_python(py, &e))
    }

    fn encode(&self, py: Python<'_>, text: &str) -> PyResult<Vec<i32>> {
        let mut ids = Vec::new();
        self.0.encoder().encode_prompt(text, &mut ids).map_err(|e| to_python(py, &e))?;
        Ok(ids)
    }

    #[pyo3(signature = (ids, *, skip_special_tokens=false))]
    fn decode(&self, py: Python<'_>, ids: Vec<i32>, skip_special_tokens: bool) -> PyResult<String> {
        self.0.decode(&ids, skip_special_tokens).map_err(|e| to_python(py, &e))
    }

    #[getter]
    fn vocab_size(&self) -> usize {
        self.0.vocab_size
    }
}
