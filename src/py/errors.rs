//! Converts errors to the exceptions of `fastprep.exceptions`.

use std::io;

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{Class, Error};

/// The exception for an error, with the fields of the error as attributes. An exception of the user's code is its
/// cause; an exception of fastprep's own Python code is returned itself.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    if error.class() == Class::Cancelled {
        return PyKeyboardInterrupt::new_err(error.to_string());
    }
    make(py, error).unwrap_or_else(|e| e)
}

fn make(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let module = py.import("fastprep.exceptions")?;
    let cause = python_cause(py, error);
    if let Some(cause) = &cause
        && (cause.is_instance(py, &module.getattr("FastprepError")?)
            || cause.is_instance_of::<PyKeyboardInterrupt>(py))
    {
        return Ok(cause.clone_ref(py));
    }
    let name = match error.class() {
        Class::Plan => "PlanError",
        Class::Column => "ColumnError",
        Class::Source => "SourceError",
        Class::Data => "DataError",
        Class::Tokenizer => "TokenizerError",
        Class::Publish => "PublishError",
        Class::Callback => "CallbackError",
        Class::Cancelled | Class::Internal => "InternalError",
    };
    let class = module.getattr(name)?;
    let fields = PyDict::new(py);
    fields.set_item("code", error.code())?;
    fields.set_item("path", error.get_path())?;
    fields.set_item("row", error.get_row())?;
    fields.set_item("line", error.get_line())?;
    fields.set_item("column", error.get_column())?;
    fields.set_item("help", error.get_help())?;
    fields.set_item("reason", error.get_reason())?;
    let exception = PyErr::from_value(class.call((error.to_string(),), Some(&fields))?);
    exception.set_cause(py, cause);
    Ok(exception)
}

/// The Python exception among an error's causes.
fn python_cause(py: Python<'_>, error: &Error) -> Option<PyErr> {
    let mut next = std::error::Error::source(error);
    while let Some(e) = next {
        // An `io::Error` does not count what it wraps among its causes.
        let wrapped = e.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let python = e.downcast_ref::<PyErr>().or_else(|| wrapped?.downcast_ref::<PyErr>());
        if let Some(python) = python {
            return Some(python.clone_ref(py));
        }
        next = e.source();
    }
    None
}

/// The error for an exception of the user's code, with the exception as its cause; `name` is what failed.
pub(crate) fn from_python(py: Python<'_>, e: PyErr, name: &str) -> Error {
    if e.is_instance_of::<PyKeyboardInterrupt>(py) {
        return Error::cancelled();
    }
    Error::new(Class::Callback, "callback_failed", format!("{name} failed")).source(e)
}
