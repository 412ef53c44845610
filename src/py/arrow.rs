//! Arrow streams from Python, without copying.

use std::sync::Mutex;

use arrow::array::{RecordBatch, RecordBatchReader};
use arrow::datatypes::SchemaRef;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatchReader;

use crate::error::{Class, Error, Result};
use crate::guard::guarded;
use crate::plan::source::{OpenBatches, read_twice};
use crate::read::arrow::{RecordBatches, corrupt_arrow};

type Reader = Box<dyn RecordBatchReader + Send>;

/// An object with `__arrow_c_stream__`. A table can be opened any number of times; a reader only once.
pub(crate) struct ArrowStream {
    name: String,
    object: Py<PyAny>,
    /// A stream that was opened for its schema and is not read yet.
    ready: Mutex<Option<Reader>>,
    once: bool,
    same: bool,
    splits: Vec<String>,
    opened: Mutex<bool>,
}

impl ArrowStream {
    /// Wraps the object. `once` says that a second `__arrow_c_stream__` would be empty or fail, `same` that each has
    /// the same rows; `splits` names the values of its column of splits.
    pub(crate) fn new(name: String, object: Py<PyAny>, once: bool, same: bool, splits: Vec<String>) -> Self {
        ArrowStream { name, object, ready: Mutex::new(None), once, same, splits, opened: Mutex::new(false) }
    }

    fn reader(&self) -> Result<Reader> {
        let mut opened = self.opened.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.once && *opened {
            return Err(read_twice(&self.name));
        }
        *opened = true;
        let open = |py: Python<'_>| -> PyResult<Reader> {
            let reader: PyRecordBatchReader = self.object.extract(py)?;
            reader.into_reader()
        };
        Python::attach(|py| {
            // arrow-rs panics on an invalid schema.
            let opened = guarded(|| open(py));
            opened.map_err(|_| corrupt_arrow(&self.name))?.map_err(|e| self.unreadable(py, e))
        })
    }

    #[cold]
    fn unreadable(&self, py: Python<'_>, e: PyErr) -> Error {
        if e.is_instance_of::<PyKeyboardInterrupt>(py) {
            return Error::cancelled();
        }
        Error::new(Class::Source, "cannot_read", "the Arrow stream cannot be opened")
            .path(&self.name)
            .help("check whether pyarrow.table(data) can read it, and create it again")
            .source(e)
    }
}

impl OpenBatches for ArrowStream {
    fn schema(&self) -> Result<SchemaRef> {
        let mut ready = self.ready.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if ready.is_none() {
            *ready = Some(self.reader()?);
        }
        ready.as_ref().map(|r| r.schema()).ok_or_else(|| Error::internal("the stream was lost"))
    }

    fn again(&self) -> bool {
        self.same
    }

    fn splits(&self) -> &[String] {
        &self.splits
    }

    fn open(&self) -> Result<RecordBatches> {
        let ready = self.ready.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let reader = match ready {
            Some(reader) => reader,
            None => self.reader()?,
        };
        Ok(Box::new(batches(self.name.clone(), reader)))
    }
}

/// The batches of a stream; errors have this name as their path.
pub(super) fn batches(
    name: String,
    mut reader: Box<dyn RecordBatchReader + Send>,
) -> impl Iterator<Item = Result<RecordBatch>> + Send {
    std::iter::from_fn(move || {
        // arrow-rs panics on a batch with invalid lengths.
        let next = guarded(|| reader.next());
        let Ok(next) = next else { return Some(Err(corrupt_arrow(&name))) };
        next.map(|batch| {
            batch.map_err(|e| {
                Error::new(Class::Source, "cannot_read", "the Arrow stream failed").path(&name).source(e)
            })
        })
    })
}
