//! The class `Tokenizer`: encodes and decodes as `tokenize` does.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, LargeStringBuilder};
use arrow::datatypes::{DataType, Field};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};
use pyo3_arrow::PyChunkedArray;
use pyo3_arrow::input::AnyArray;

use super::errors::{from_python, to_python};
use super::gate::enter;
use crate::cancel::Cancel;
use crate::engine::{Interrupted, Resources, tokenize_columns};
use crate::error::{Error, Result, panic_text};
use crate::plan::TokenizerSpec;
use crate::tokenize::batch_api::{EncodeOutput, ListEncoder, WrittenTokens};
use crate::tokenizer::{LoadedTokenizer, TokenNames};
use crate::word::Word;

/// A loaded tokenizer; `fastprep.Tokenizer` wraps it.
#[pyclass(frozen, name = "Tokenizer", module = "fastprep._fastprep")]
pub(crate) struct PyTokenizer(pub(super) Arc<LoadedTokenizer>);

/// What [`spec`] takes.
pub(crate) type TokenizerSource =
    (Option<PathBuf>, Option<String>, HashMap<String, Option<String>>, bool, String);

/// The tokenizer for `tokenize` and `Tokenizer`, from a path, or from the JSON of a tokenizer in memory and its
/// names.
pub(crate) fn spec(
    path: Option<PathBuf>,
    json: Option<String>,
    mut names: HashMap<String, Option<String>>,
    encode_special_tokens: bool,
    label: String,
) -> TokenizerSpec {
    if let Some(path) = path {
        return TokenizerSpec::path(path);
    }
    let mut name = |n: &str| names.remove(n).flatten();
    let names = TokenNames { bos: name("bos"), eos: name("eos"), pad: name("pad") };
    TokenizerSpec::json(json.unwrap_or_default().into_bytes(), names, encode_special_tokens, label)
}

#[pymethods]
impl PyTokenizer {
    #[new]
    fn new(
        py: Python<'_>,
        path: Option<PathBuf>,
        json: Option<String>,
        names: HashMap<String, Option<String>>,
        encode_special_tokens: bool,
        label: String,
    ) -> PyResult<Self> {
        let spec = spec(path, json, names, encode_special_tokens, label);
        detached(py, || spec.load()).map(PyTokenizer)
    }

    fn token_texts(&self, py: Python<'_>, ids: Vec<i32>) -> PyResult<Vec<String>> {
        detached(py, || self.0.token_texts(&ids))
    }

    fn encode(
        &self,
        py: Python<'_>,
        text: &str,
        add_special_tokens: bool,
        special_tokens: &str,
    ) -> PyResult<Vec<i32>> {
        let written = written(py, special_tokens)?;
        detached(py, || {
            let mut ids = Vec::new();
            let mut session = self.0.encoder().session();
            self.0.encode(&mut session, text, add_special_tokens, written, &mut ids)?;
            Ok(ids)
        })
    }

    fn encode_batch(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        add_special_tokens: bool,
        special_tokens: &str,
        threads: Option<usize>,
    ) -> PyResult<PyChunkedArray> {
        self.encode_column(py, texts, add_special_tokens, special_tokens, threads, EncodeOutput::Ids)
    }

    fn count_tokens(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        add_special_tokens: bool,
        special_tokens: &str,
        threads: Option<usize>,
    ) -> PyResult<PyChunkedArray> {
        self.encode_column(py, texts, add_special_tokens, special_tokens, threads, EncodeOutput::Counts)
    }

    fn decode(&self, py: Python<'_>, ids: Vec<i32>, skip_special_tokens: bool) -> PyResult<String> {
        detached(py, || self.0.decode(&ids, skip_special_tokens))
    }

    fn decode_batch(
        &self,
        py: Python<'_>,
        ids: &Bound<'_, PyAny>,
        skip_special_tokens: bool,
        threads: Option<usize>,
    ) -> PyResult<PyChunkedArray> {
        over_column(
            py,
            "decode_batch",
            ids,
            threads,
            DataType::Utf8,
            |chunks, resources, cancel, interrupted| {
                tokenize_columns::decode(&self.0, chunks, skip_special_tokens, resources, cancel, interrupted)
            },
        )
    }

    #[getter]
    fn vocab_size(&self) -> usize {
        self.0.vocab_size
    }

    /// The digest of all that decides its ids.
    #[getter]
    fn digest(&self) -> &str {
        &self.0.digest
    }

    #[getter]
    fn engine(&self) -> &str {
        self.0.engine()
    }
}

impl PyTokenizer {
    fn encode_column(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        add_special_tokens: bool,
        special_tokens: &str,
        threads: Option<usize>,
        output: EncodeOutput,
    ) -> PyResult<PyChunkedArray> {
        let written = written(py, special_tokens)?;
        let encoder = ListEncoder { tokenizer: &self.0, add_special_tokens, written, output };
        over_column(
            py,
            "encode_batch",
            texts,
            threads,
            output.data_type(),
            |chunks, resources, cancel, interrupted| {
                tokenize_columns::encode(&encoder, chunks, resources, cancel, interrupted)
            },
        )
    }
}

/// Runs `work` without the interpreter; a panic becomes an error.
fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    let done = py.detach(|| catch_unwind(AssertUnwindSafe(work)));
    let panicked = |panic: Box<dyn std::any::Any + Send>| {
        Err(Error::internal(format!("the tokenizer panicked: {}", panic_text(panic.as_ref()))))
    };
    done.unwrap_or_else(panicked).map_err(|e| to_python(py, &e))
}

/// The value of the option `special_tokens`.
fn written(py: Python<'_>, word: &str) -> PyResult<WrittenTokens> {
    let known: Vec<_> = WrittenTokens::ALL.iter().map(|written| (written.name(), *written)).collect();
    super::constants::word("special_tokens", word, &known).map_err(|e| to_python(py, &e))
}

/// Runs `work` on the chunks of an Arrow column, or of a list of texts; its result has the type `data_type`. Errors
/// name `function`.
pub(super) fn over_column(
    py: Python<'_>,
    function: &str,
    given: &Bound<'_, PyAny>,
    threads: Option<usize>,
    data_type: DataType,
    work: impl FnOnce(&[ArrayRef], Resources, &Cancel, Interrupted<'_>) -> Result<Vec<ArrayRef>> + Send,
) -> PyResult<PyChunkedArray> {
    let resources = Resources::from_env(threads).map_err(|e| to_python(py, &e))?;
    let chunks = match given.cast::<PyList>() {
        Ok(list) => vec![strings_of(list)?],
        Err(_) => {
            let chunks = given.extract::<AnyArray>().and_then(|array| Ok(array.into_chunked_array()?));
            chunks.map_err(|e| to_python(py, &from_python(py, e, function)))?.into_inner().0
        }
    };
    let chunks = enter(py, None, |cancel, interrupted| work(&chunks, resources, cancel, interrupted))?;
    PyChunkedArray::try_new(chunks, Arc::new(Field::new("", data_type, true)))
}

/// The texts of a list as an array. pyarrow would import pandas for this, which takes longer than encoding megabytes.
fn strings_of(list: &Bound<'_, PyList>) -> PyResult<ArrayRef> {
    let mut texts = LargeStringBuilder::with_capacity(list.len(), 0);
    for (row, item) in list.iter().enumerate() {
        if item.is_none() {
            texts.append_null();
            continue;
        }
        let text = item.cast::<PyString>().map_err(|_| {
            let kind = item.get_type().name().map_or_else(|_| String::new(), |name| name.to_string());
            PyTypeError::new_err(format!("item {row} must be a str; it is {kind}"))
        })?;
        texts.append_value(text.to_str()?);
    }
    Ok(Arc::new(texts.finish()))
}
