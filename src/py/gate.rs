//! Runs work of the core without the Python interpreter: checks for Ctrl-C, reports progress, and converts errors to
//! exceptions.

use pyo3::prelude::*;

use super::errors::to_python;
use crate::cancel::Cancel;
use crate::engine::Interrupted;
use crate::error::Result;

/// A Python callable that is called during a run, with the phase, the bytes read, and the bytes of the input if
/// known.
pub(crate) struct Progress {
    pub(crate) callable: Py<PyAny>,
    /// The stored bytes of the input, if known.
    pub(crate) total: Option<u64>,
}

/// Runs `work` without the interpreter. Ctrl-C, or an error of the progress callable, stops it through [`Cancel`].
pub(crate) fn enter<T: Send>(
    py: Python<'_>,
    progress: Option<&Progress>,
    work: impl FnOnce(&Cancel, Interrupted<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    let cancel = Cancel::default();
    let watched = cancel.clone();
    let mut raised: Option<PyErr> = None;
    let mut interrupted = || {
        let report_progress = |py: Python<'_>| {
            let Some(progress) = progress else { return Ok(()) };
            let now = (watched.phase().name(), watched.bytes_read(), progress.total);
            progress.callable.call1(py, now).map(|_| ())
        };
        // This is called again while the work stops; the first exception is kept.
        if raised.is_none() {
            raised = Python::attach(|py| py.check_signals().and_then(|()| report_progress(py))).err();
        }
        raised.is_some()
    };
    let done = py.detach(|| work(&cancel, &mut interrupted));
    match (done, raised) {
        (Err(_), Some(raised)) => Err(raised),
        (done, _) => done.map_err(|e| to_python(py, &e)),
    }
}
