//! The class `PromptFormat`.

use std::collections::HashMap;

use pyo3::prelude::*;

use super::errors::to_python;
use crate::error::{Class, Error};
use crate::format::PromptFormat;

/// A prompt format; `fastprep.PromptFormat` wraps it.
#[pyclass(frozen, name = "PromptFormat", module = "fastprep._fastprep")]
pub(crate) struct PyPromptFormat(PromptFormat);

/// Columns as the user gives them, and their texts.
type Given<'py> = HashMap<String, Bound<'py, PyAny>>;
type Columns = HashMap<String, Option<String>>;

impl PyPromptFormat {
    /// The text of each column. A whole row of a data set may be given; only the names of columns that the templates
    /// do not use are checked.
    fn texts(&self, py: Python<'_>, columns: Option<Given<'_>>) -> PyResult<Columns> {
        let columns = columns.unwrap_or_default();
        let mut given: Vec<&str> = columns.keys().map(String::as_str).collect();
        given.sort_unstable();
        self.0.check_names(&given).map_err(|e| to_python(py, &e))?;
        let used = self.0.columns();
        let mut texts = Columns::new();
        for (name, value) in columns {
            if value.is_none() || used.iter().all(|column| column.name != name) {
                texts.insert(name, None);
            } else if let Ok(text) = value.extract() {
                texts.insert(name, Some(text));
            } else {
                let message = format!("column `{name}` must be text; it is {}", value.get_type().name()?);
                let error = Error::new(Class::Column, "wrong_type", message).column(&*name);
                let help = format!("give the text as in the training rows: {name}=\"…\"");
                return Err(to_python(py, &error.help(help)));
            }
        }
        Ok(texts)
    }
}

#[pymethods]
impl PyPromptFormat {
    #[new]
    fn new(
        py: Python<'_>,
        prompt: &str,
        completion: &str,
        separator: &str,
        stop: &str,
        eos: Option<bool>,
    ) -> PyResult<Self> {
        let made = PromptFormat::new(prompt, completion, separator, stop, eos);
        made.map(PyPromptFormat).map_err(|e| to_python(py, &e))
    }

    /// The format of text that was rendered elsewhere.
    #[staticmethod]
    fn rendered(py: Python<'_>, column: &str, stop: Option<&str>, eos: Option<bool>) -> PyResult<Self> {
        let made = PromptFormat::rendered(column, stop, eos);
        made.map(PyPromptFormat).map_err(|e| to_python(py, &e))
    }

    /// The format that `to_json` wrote.
    #[staticmethod]
    fn from_json(py: Python<'_>, text: &str) -> PyResult<Self> {
        PromptFormat::from_json(text).map(PyPromptFormat).map_err(|e| to_python(py, &e))
    }

    /// The format as JSON; the manifest of a prepared folder holds the same.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    /// The template of the prompt.
    #[getter]
    fn prompt(&self) -> &str {
        self.0.prompt().source()
    }

    /// The template of the completion.
    #[getter]
    fn completion(&self) -> &str {
        self.0.completion().source()
    }

    /// What ends each prompt; None for text that was rendered elsewhere.
    #[getter]
    fn separator(&self) -> Option<&str> {
        Some(self.0.separator()).filter(|separator| !separator.is_empty())
    }

    /// What ends each completion; None where EOS alone ends it.
    #[getter]
    fn stop(&self) -> Option<&str> {
        Some(self.0.stop()).filter(|stop| !stop.is_empty())
    }

    /// Whether rows end in the tokenizer's EOS token; None: `tokenize` decides.
    #[getter]
    fn eos(&self) -> Option<bool> {
        self.0.eos()
    }

    /// The columns that the templates name, in order.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.0.columns().into_iter().map(|c| c.name).collect()
    }

    /// Prompt with separator and completion with stop, as a row of these columns is trained on. Proves nothing.
    #[pyo3(signature = (**columns))]
    fn render(&self, py: Python<'_>, columns: Option<Given<'_>>) -> PyResult<(String, String)> {
        let columns = self.texts(py, columns)?;
        let rendered = self.0.render(&|name| columns.get(name)?.as_deref()).map_err(|e| to_python(py, &e))?;
        Ok((rendered.prompt, rendered.completion))
    }

    /// Prompt with separator for inference, with the same text as in training.
    #[pyo3(signature = (**columns))]
    fn render_prompt(&self, py: Python<'_>, columns: Option<Given<'_>>) -> PyResult<String> {
        let columns = self.texts(py, columns)?;
        self.0.render_prompt(&|name| columns.get(name)?.as_deref()).map_err(|e| to_python(py, &e))
    }

    /// What a model generated, up to the stop.
    fn parse_completion(&self, text: &str) -> String {
        self.0.parse_completion(text)
    }

    /// Raises an error if this format cannot have rendered the prompt.
    fn check_prompt(&self, py: Python<'_>, text: &str) -> PyResult<()> {
        self.0.check_prompt(text).map_err(|e| to_python(py, &e))
    }

    /// Arguments for a server's completion call: `{"stop": […]}`.
    fn sampling_args(&self) -> HashMap<&'static str, Vec<String>> {
        HashMap::from([("stop", self.0.stop_strings())])
    }

    fn __repr__(&self) -> String {
        let f = &self.0;
        let eos = match f.eos() {
            None => "",
            Some(true) => ", eos=True",
            Some(false) => ", eos=False",
        };
        if let (true, [column]) = (f.is_rendered(), f.completion().columns()) {
            let stop = self.stop().map_or(String::new(), |stop| format!(", stop={stop:?}"));
            return format!("PromptFormat.rendered({:?}{stop}{eos})", column.name);
        }
        format!(
            "PromptFormat({:?}, completion={:?}, separator={:?}, stop={:?}{eos})",
            f.prompt().source(),
            f.completion().source(),
            f.separator(),
            f.stop(),
        )
    }
}
