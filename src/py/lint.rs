//! The functions of `lint`.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use pyo3::prelude::*;

use super::errors::to_python;
use super::gate::enter;
use super::writer::PyWriter;
use crate::engine::Resources;
use crate::engine::lint::{ToLint, lint as run, target as find};
use crate::store::Files;

/// Looks at files as a target would, and returns what was found as JSON. `lines` is an object with a method `write`,
/// which gets all broken limits as JSON lines.
#[pyfunction]
#[pyo3(signature = (files, valid, target, threads, lines))]
pub(crate) fn lint(
    py: Python<'_>,
    files: Vec<PathBuf>,
    valid: Vec<PathBuf>,
    target: &str,
    threads: Option<usize>,
    lines: Option<Py<PyAny>>,
) -> PyResult<String> {
    let target = find(target).map_err(|e| to_python(py, &e))?;
    let files = ToLint { target, train: files, valid, folder: None };
    let found = enter(py, None, |cancel, interrupted| {
        let lines = lines.map(|lines| -> Box<dyn Write + Send> { Box::new(BufWriter::new(PyWriter(lines))) });
        run(files, &Files::local(), lines, Resources::from_env(threads)?, cancel, interrupted)
    })?;
    Ok(found.to_json().to_string())
}

/// The table of targets and their limits, as JSON.
#[pyfunction]
pub(crate) fn lint_targets() -> String {
    crate::lint::table().to_string()
}
