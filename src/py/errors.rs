//! Errors as the exceptions of `fastprep.exceptions`.

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{Class, Error};

/// The exception for an error; its fields become attributes.
pub fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    if error.class() == Class::Cancelled {
        return PyKeyboardInterrupt::new_err(error.to_string());
    }
    make(py, error).unwrap_or_else(|e| e)
}

fn make(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
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
    let class = py.import("fastprep.exceptions")?.getattr(name)?;
    let fields = PyDict::new(py);
    fields.set_item("code", error.code())?;
    fields.set_item("path", error.get_path())?;
    fields.set_item("row", error.get_row())?;
    fields.set_item("line", error.get_line())?;
    fields.set_item("column", error.get_column())?;
    fields.set_item("help", error.get_help())?;
    Ok(PyErr::from_value(class.call((error.to_string(),), Some(&fields))?))
}

/// An exception of the caller's code, as an error of ours that carries it along as its cause.
pub fn from_python(py: Python<'_>, e: PyErr, what: &str) -> Error {
    if e.is_instance_of::<PyKeyboardInterrupt>(py) {
        return Error::cancelled();
    }
    Error::new(Class::Callback, "callback_failed", format!("{what}: {e}")).source(e)
}
