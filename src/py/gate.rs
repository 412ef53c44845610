//! The one door into the engine: lets go of the interpreter, watches for Ctrl-C, tells how far it is, turns errors
//! into exceptions.

use pyo3::prelude::*;

use super::errors::to_python;
use crate::cancel::Cancel;
use crate::engine::Interrupted;
use crate::error::Result;

/// What is called while a run goes on: with the phase, the bytes read and, where that is known, all bytes.
pub(crate) struct Progress {
    /// The callable.
    pub(crate) callable: Py<PyAny>,
    /// Stored bytes of the input.
    pub(crate) total: Option<u64>,
}

/// Runs without the interpreter; the closure gets what stops it.
pub(crate) fn enter<T: Send>(
    py: Python<'_>,
    progress: Option<&Progress>,
    work: impl FnOnce(&Cancel, Interrupted<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    let cancel = Cancel::default();
    let watched = cancel.clone();
    let mut raised: Option<PyErr> = None;
    let mut interrupted = || {
        let tell = |py: Python<'_>| {
            let Some(progress) = progress else { return Ok(()) };
            let now = (watched.phase().name(), watched.bytes_read(), progress.total);
            progress.callable.call1(py, now).map(|_| ())
        };
        // Asked again while the work winds up: what was raised stays.
        if raised.is_none() {
            raised = Python::attach(|py| py.check_signals().and_then(|()| tell(py))).err();
        }
        raised.is_some()
    };
    let done = py.detach(|| work(&cancel, &mut interrupted));
    match (done, raised) {
        (Err(_), Some(raised)) => Err(raised),
        (done, _) => done.map_err(|e| to_python(py, &e)),
    }
}
