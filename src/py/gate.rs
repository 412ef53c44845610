//! The one door into the engine: lets go of the interpreter, watches for Ctrl-C, turns errors into exceptions.

use pyo3::prelude::*;

use super::errors::to_python;
use crate::cancel::Cancel;
use crate::engine::prepare::Interrupted;
use crate::error::Result;

/// Runs without the interpreter; the closure gets what stops it.
pub fn enter<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&Cancel, Interrupted<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    let cancel = Cancel::default();
    let mut signal: Option<PyErr> = None;
    let mut interrupted = || {
        signal = Python::attach(|py| py.check_signals()).err();
        signal.is_some()
    };
    let done = py.detach(|| work(&cancel, &mut interrupted));
    match (done, signal) {
        (Err(_), Some(signal)) => Err(signal),
        (done, _) => done.map_err(|e| to_python(py, &e)),
    }
}
