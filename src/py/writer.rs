//! A Python object that takes bytes.

use std::io::{Error, Result, Write};

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Writes to an object with a method `write`.
pub(super) struct PyWriter(pub(super) Py<PyAny>);

impl Write for PyWriter {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let write = |py: Python<'_>| self.0.call_method1(py, "write", (PyBytes::new(py, bytes),)).map(drop);
        Python::attach(write).map_err(Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Python::attach(|py| self.0.call_method0(py, "flush").map(drop)).map_err(Error::other)
    }
}
