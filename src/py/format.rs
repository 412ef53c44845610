//! `PromptFormat`.

use std::collections::HashMap;
use std::sync::Arc;

use pyo3::prelude::*;

use super::errors::to_python;
use crate::format::PromptFormat;
use crate::hash;

/// How prompts and completions are worded, in training and at inference alike.
#[pyclass(frozen, eq, name = "PromptFormat", module = "fastprep")]
#[derive(Clone)]
pub struct PyPromptFormat(pub Arc<PromptFormat>);

impl PartialEq for PyPromptFormat {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_json() == other.0.to_json()
    }
}

#[pymethods]
impl PyPromptFormat {
    #[new]
    #[pyo3(signature = (prompt, *, completion, separator="\n##\n", stop="\n###\n", eos=false))]
    fn new(
        py: Python<'_>,
        prompt: &str,
        completion: &str,
        separator: &str,
        stop: &str,
        eos: bool,
    ) -> PyResult<Self> {
        let made = PromptFormat::new(prompt, completion, separator, stop, eos);
        made.map(|f| PyPromptFormat(Arc::new(f))).map_err(|e| to_python(py, &e))
    }

    #[staticmethod]
    fn from_json(py: Python<'_>, text: &str) -> PyResult<Self> {
        PromptFormat::from_json(text).map(|f| PyPromptFormat(Arc::new(f))).map_err(|e| to_python(py, &e))
    }

    fn to_json(&self) -> String {
        self.0.to_json()
    }

    #[getter]
    fn prompt(&self) -> &str {
        self.0.prompt().source()
    }

    #[getter]
    fn completion(&self) -> &str {
        self.0.completion().source()
    }

    #[getter]
    fn separator(&self) -> &str {
        self.0.separator()
    }

    #[getter]
    fn stop(&self) -> &str {
        self.0.stop()
    }

    #[getter]
    fn eos(&self) -> bool {
        self.0.eos()
    }

    #[getter]
    fn columns(&self) -> Vec<String> {
        self.0.columns().into_iter().map(|c| c.name).collect()
    }

    #[pyo3(signature = (**columns))]
    fn render(
        &self,
        py: Python<'_>,
        columns: Option<HashMap<String, Option<String>>>,
    ) -> PyResult<(String, String)> {
        let columns = columns.unwrap_or_default();
        let rendered = self.0.render(&|name| columns.get(name)?.as_deref()).map_err(|e| to_python(py, &e))?;
        Ok((rendered.prompt, rendered.completion))
    }

    #[pyo3(signature = (**columns))]
    fn render_prompt(
        &self,
        py: Python<'_>,
        columns: Option<HashMap<String, Option<String>>>,
    ) -> PyResult<String> {
        let columns = columns.unwrap_or_default();
        self.0.render_prompt(&|name| columns.get(name)?.as_deref()).map_err(|e| to_python(py, &e))
    }

    fn parse_completion(&self, text: &str) -> String {
        self.0.parse_completion(text)
    }

    fn check_prompt(&self, py: Python<'_>, text: &str) -> PyResult<()> {
        self.0.check_prompt(text).map_err(|e| to_python(py, &e))
    }

    fn sampling_args(&self) -> HashMap<&'static str, Vec<String>> {
        HashMap::from([("stop", self.0.stop_strings())])
    }

    fn __repr__(&self) -> String {
        let f = &self.0;
        format!(
            "PromptFormat({:?}, completion={:?}, separator={:?}, stop={:?}, eos={})",
            f.prompt().source(),
            f.completion().source(),
            f.separator(),
            f.stop(),
            if f.eos() { "True" } else { "False" }
        )
    }

    fn __hash__(&self) -> u64 {
        hash::field(Some(self.0.to_json().as_bytes())) as u64
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let from_json = py.get_type::<PyPromptFormat>().getattr("from_json")?;
        Ok((from_json, (self.0.to_json(),)))
    }
}
