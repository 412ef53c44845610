//! `PromptFormat`.

use std::collections::HashMap;
use std::sync::Arc;

use pyo3::prelude::*;

use super::errors::to_python;
use crate::error::{Class, Error};
use crate::format::PromptFormat;
use crate::hash;

/// How prompts and completions are worded, in training and at inference alike. Immutable.
///
/// A row is rendered as `prompt + separator` and `completion + stop`. Templates name columns: `{column}` is its
/// text, `{#column}…{/column}` is there where the column is not empty, `{^column}…{/column}` where it is; `{{` and
/// `}}` are braces.
///
/// Args:
///     prompt: template of the prompt.
///     completion: template of the completion.
///     separator: ends each prompt. Default "\n##\n".
///     stop: ends each completion. Default "\n###\n".
///     eos: end each row in the tokenizer's EOS token, after the stop, so that the model learns to end. Default None:
///         `tokenize` decides. It does where the tokenizer names an EOS token and the stop holds no control token.
///
/// Raises:
///     PlanError: `bad_template` or `bad_prompt_format`, with what is wrong and where.
#[pyclass(frozen, eq, name = "PromptFormat", module = "fastprep")]
#[derive(Clone)]
pub struct PyPromptFormat(pub Arc<PromptFormat>);

impl PartialEq for PyPromptFormat {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_json() == other.0.to_json()
    }
}

/// Columns as they are given, and their texts.
type Given<'py> = HashMap<String, Bound<'py, PyAny>>;
type Columns = HashMap<String, Option<String>>;

impl PyPromptFormat {
    /// The text of each column. A whole row of a data set may be given: of columns that the templates do not name,
    /// only the names count.
    fn named(&self, py: Python<'_>, columns: Option<Given<'_>>) -> PyResult<Columns> {
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
                let message = format!("column `{name}` is {}, and text is needed", value.get_type().name()?);
                let error = Error::new(Class::Column, "wrong_type", message).column(&*name);
                let help = format!("give the text that training rows have: {name}=\"…\"");
                return Err(to_python(py, &error.help(help)));
            }
        }
        Ok(texts)
    }
}

#[pymethods]
impl PyPromptFormat {
    #[new]
    #[pyo3(signature = (prompt, *, completion, separator="\n##\n", stop="\n###\n", eos=None))]
    fn new(
        py: Python<'_>,
        prompt: &str,
        completion: &str,
        separator: &str,
        stop: &str,
        eos: Option<bool>,
    ) -> PyResult<Self> {
        let made = PromptFormat::new(prompt, completion, separator, stop, eos);
        made.map(|f| PyPromptFormat(Arc::new(f))).map_err(|e| to_python(py, &e))
    }

    /// The format of text that was rendered elsewhere, such as a column `text` that a chat template made.
    ///
    /// There is no prompt and no separator: all of the text is trained. Nothing is proven about its marks, since they
    /// mean what they meant where it was rendered. Its control tokens count as such with
    /// `tokenize(..., special_tokens="as_token")`; other policies take them for text of the data.
    ///
    /// Args:
    ///     column: the column that holds the text.
    ///     stop: what ends each text, such as `"<|im_end|>"`; added where a text does not end in it. Default None: the
    ///         tokenizer's EOS token ends each text.
    ///     eos: as for the constructor.
    ///
    /// Raises:
    ///     PlanError: `bad_prompt_format`: the stop is empty, or there is neither a stop nor EOS.
    #[staticmethod]
    #[pyo3(signature = (column, *, stop=None, eos=None))]
    fn rendered(py: Python<'_>, column: &str, stop: Option<&str>, eos: Option<bool>) -> PyResult<Self> {
        let made = PromptFormat::rendered(column, stop, eos);
        made.map(|f| PyPromptFormat(Arc::new(f))).map_err(|e| to_python(py, &e))
    }

    /// The format that no row of `data` collides with: the first such pair of separator and stop from a list of
    /// well-known ones.
    ///
    /// Args:
    ///     data: a pipeline, anything with `__arrow_c_stream__`, or a list of dicts. Read once or more.
    ///     prompt: template of the prompt.
    ///     completion: template of the completion.
    ///     tokenizer: as for `Pipeline.tokenize`. Prefers a stop whose ids are the same behind every one of the
    ///         first 10,000 completions; warns where there is none.
    ///     eos: as for the constructor.
    ///
    /// Raises:
    ///     DataError: `no_pair`: every pair of the list occurs in the data.
    #[staticmethod]
    #[pyo3(signature = (data, prompt, *, completion, tokenizer=None, eos=None))]
    fn suggest<'py>(
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        prompt: &str,
        completion: &str,
        tokenizer: Option<&Bound<'py, PyAny>>,
        eos: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let module = py.import("fastprep.suggest")?;
        module.call_method1("suggest", (data, prompt, completion, tokenizer, eos))
    }

    /// Rows of `data` that this format would reject, by reason code; reads all of it and keeps nothing.
    ///
    /// Returns: `rows` (all that were read), `separator_collision`, `stop_collision`, and every other reason that
    /// came up.
    fn check<'py>(&self, py: Python<'py>, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        py.import("fastprep.suggest")?.call_method1("check", (self.clone(), data))
    }

    /// The format that `to_json` wrote.
    ///
    /// Raises:
    ///     PlanError: `bad_prompt_format`: the text is not such JSON.
    #[staticmethod]
    fn from_json(py: Python<'_>, text: &str) -> PyResult<Self> {
        PromptFormat::from_json(text).map(|f| PyPromptFormat(Arc::new(f))).map_err(|e| to_python(py, &e))
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
    ///
    /// Raises:
    ///     DataError: `missing_field`: a column that the templates need is not given.
    ///     ColumnError: `misspelt_column`: a name that looks like a column that is not given. `wrong_type`: a column that
    ///         a template names is no text. A whole row may be given: other columns are left alone.
    #[pyo3(signature = (**columns))]
    fn render(&self, py: Python<'_>, columns: Option<Given<'_>>) -> PyResult<(String, String)> {
        let columns = self.named(py, columns)?;
        let rendered = self.0.render(&|name| columns.get(name)?.as_deref()).map_err(|e| to_python(py, &e))?;
        Ok((rendered.prompt, rendered.completion))
    }

    /// Prompt with separator, for inference: worded as in training.
    ///
    /// Raises:
    ///     DataError: `missing_field`: a column that the prompt needs is not given.
    ///     ColumnError: `misspelt_column`: a name that looks like a column that is not given. `wrong_type`: a column that
    ///         a template names is no text. A whole row may be given: other columns are left alone.
    #[pyo3(signature = (**columns))]
    fn render_prompt(&self, py: Python<'_>, columns: Option<Given<'_>>) -> PyResult<String> {
        let columns = self.named(py, columns)?;
        self.0.render_prompt(&|name| columns.get(name)?.as_deref()).map_err(|e| to_python(py, &e))
    }

    /// What a model generated, up to the stop.
    fn parse_completion(&self, text: &str) -> String {
        self.0.parse_completion(text)
    }

    /// Says why a prompt was not made by this format; silent where it was.
    ///
    /// Raises:
    ///     DataError: `not_this_format`.
    fn check_prompt(&self, py: Python<'_>, text: &str) -> PyResult<()> {
        self.0.check_prompt(text).map_err(|e| to_python(py, &e))
    }

    /// Arguments for a server's completion call: `{"stop": […]}`.
    fn sampling_args(&self) -> HashMap<&'static str, Vec<String>> {
        HashMap::from([("stop", self.0.stop_strings())])
    }

    /// What ends `model.generate` of transformers once the stop was generated; the prompt does not count.
    ///
    /// Args:
    ///     tokenizer: what decodes ids: a tokenizer of transformers, or `fastprep.Tokenizer`.
    ///     prompt_tokens: tokens of the prompts as they are given to `generate`, padding included:
    ///         `input_ids.shape[1]`.
    ///
    /// Returns: a `StoppingCriteriaList`: `model.generate(…, stopping_criteria=…)`. The stop stays in the output;
    /// `parse_completion` cuts it off.
    fn stopping_criteria<'py>(
        &self,
        py: Python<'py>,
        tokenizer: &Bound<'py, PyAny>,
        prompt_tokens: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        let require = py.import("fastprep.extras")?.getattr("require")?;
        require.call1(("transformers", "transformers", "PromptFormat.stopping_criteria()"))?;
        let module = py.import("fastprep.generation")?;
        module.call_method1("stopping_criteria", (self.clone(), tokenizer, prompt_tokens))
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

    fn __hash__(&self) -> u64 {
        hash::field(Some(self.0.to_json().as_bytes())) as u64
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let from_json = py.get_type::<PyPromptFormat>().getattr("from_json")?;
        Ok((from_json, (self.0.to_json(),)))
    }
}
