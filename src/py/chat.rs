//! The class `ChatFormat`.

use std::path::PathBuf;

use pyo3::prelude::*;

use super::errors::to_python;
use super::tokenizer::PyTokenizer;
use crate::chat::{ChatFormat, ChatOptions, ChatRows, Conversation};
use crate::error::{Class, Error, Result};
use crate::format::prompt_ids;
use crate::store::Files;

/// A chat format; `fastprep.ChatFormat` wraps it.
#[pyclass(frozen, name = "ChatFormat", module = "fastprep._fastprep")]
pub(crate) struct PyChatFormat(ChatRows);

/// The options of a format from their JSON.
fn options(json: &str) -> Result<ChatOptions> {
    serde_json::from_str(json)
        .map_err(|e| Error::new(Class::Plan, "bad_chat_format", format!("the options are not valid: {e}")))
}

#[pymethods]
impl PyChatFormat {
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf, name: Option<String>, options_json: &str) -> PyResult<Self> {
        detached(py, || {
            ChatFormat::open(&Files::local(), &path, name.as_deref(), options(options_json)?)
                .map(|format| PyChatFormat(ChatRows::new(format)))
        })
    }

    #[staticmethod]
    fn from_text(py: Python<'_>, template: String, options_json: &str) -> PyResult<Self> {
        detached(py, || {
            ChatFormat::new(template, options(options_json)?)
                .map(|format| PyChatFormat(ChatRows::new(format)))
        })
    }

    #[staticmethod]
    fn from_json(py: Python<'_>, text: &str) -> PyResult<Self> {
        detached(py, || ChatFormat::from_json(text).map(|format| PyChatFormat(ChatRows::new(format))))
    }

    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        detached(py, || self.0.format().to_json())
    }

    #[getter]
    fn template(&self) -> &str {
        self.0.format().source()
    }

    #[getter]
    fn digest(&self) -> String {
        self.0.format().digest()
    }

    #[getter]
    fn now(&self) -> Option<&str> {
        self.0.format().options().now.as_deref()
    }

    fn render(
        &self,
        py: Python<'_>,
        messages: &str,
        tools: Option<&str>,
        add_generation_prompt: bool,
    ) -> PyResult<String> {
        detached(py, || self.0.format().render(&Conversation::parse(messages, tools)?, add_generation_prompt))
    }

    fn render_prompt(&self, py: Python<'_>, messages: &str, tools: Option<&str>) -> PyResult<String> {
        detached(py, || self.0.render_prompt(Conversation::parse(messages, tools)?))
    }

    /// The prompt and where its pieces come from, as JSON.
    fn prompt(&self, py: Python<'_>, messages: &str, tools: Option<&str>) -> PyResult<String> {
        detached(py, || {
            let prompt = self.0.prompt(Conversation::parse(messages, tools)?)?;
            serde_json::to_string(&prompt).map_err(|e| Error::internal(format!("a prompt is no JSON: {e}")))
        })
    }

    fn prompt_ids(
        &self,
        py: Python<'_>,
        messages: &str,
        tools: Option<&str>,
        tokenizer: &PyTokenizer,
    ) -> PyResult<Vec<i32>> {
        detached(py, || prompt_ids(&self.0, Conversation::parse(messages, tools)?, &tokenizer.0))
    }

    fn stops(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        detached(py, || Ok(self.0.stops()))
    }

    /// The turns of the assistant as JSON.
    fn turns(
        &self,
        py: Python<'_>,
        messages: &str,
        tools: Option<&str>,
        add_generation_prompt: bool,
    ) -> PyResult<String> {
        detached(py, || {
            let turns = self.0.turns(&Conversation::parse(messages, tools)?, add_generation_prompt)?;
            serde_json::to_string(&turns).map_err(|e| Error::internal(format!("turns are no JSON: {e}")))
        })
    }
}

fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    py.detach(work).map_err(|e| to_python(py, &e))
}
