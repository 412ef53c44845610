//! The class `Rows`: the rows of a run, batch by batch.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3_arrow::PyTable;

use super::errors::to_python;
use super::gate::enter;
use crate::cancel::Cancel;
use crate::engine::{Resources, Stream, is_of_a_run};
use crate::error::Error;
use crate::plan::Resolved;

/// A run whose rows are taken batch by batch.
#[pyclass(frozen, name = "Rows", module = "fastprep._fastprep")]
pub(crate) struct PyRows {
    stream: Mutex<Stream>,
    cancel: Cancel,
}

impl PyRows {
    pub(super) fn start(plan: Resolved, resources: Resources) -> crate::error::Result<Self> {
        let cancel = Cancel::default();
        Ok(PyRows { stream: Mutex::new(Stream::start(plan, resources, cancel.clone())?), cancel })
    }

    fn stream(&self) -> MutexGuard<'_, Stream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl PyRows {
    /// The next rows; None after the last.
    fn next(&self, py: Python<'_>) -> PyResult<Option<PyTable>> {
        let batch = enter(py, None, |_, interrupted| self.stream().next(interrupted))?;
        let table = batch.map(|batch| {
            let schema = batch.schema();
            PyTable::try_new(vec![batch], schema)
        });
        table.transpose()
    }

    /// The rejects among the rows taken so far, as JSON: each reason with a count and the first place.
    fn rejects(&self, py: Python<'_>) -> PyResult<String> {
        let rejects = py.detach(|| self.stream().rejects());
        let json = serde_json::to_string(&rejects);
        json.map_err(|e| to_python(py, &Error::internal("the rejects have no JSON").source(e)))
    }

    /// Stops the run. Another thread that waits for rows gets an error.
    fn stop(&self, py: Python<'_>) {
        // Before the lock, which a waiting thread holds.
        self.cancel.cancel();
        // That thread may wait for this one.
        if !is_of_a_run() {
            py.detach(|| self.stream().stop());
        }
    }
}

impl Drop for PyRows {
    fn drop(&mut self) {
        // Without the interpreter: a function of the user in the run may wait for it.
        Python::attach(|py| py.detach(|| self.stream().stop()));
    }
}
