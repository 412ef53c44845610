//! Records of the user as a stream of JSON lines.

use std::io::{self, Read};
use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::errors::from_python;
use crate::error::Result;
use crate::plan::source::{OpenReader, read_twice};

/// Bytes per call of `read`.
const BLOCK: usize = 1 << 20;

/// Opens a stream by a Python function that returns an object with `read(size) -> bytes`.
pub(crate) struct PyReader {
    /// The name of the source in the places of rows.
    pub name: String,
    /// The function.
    pub(crate) make: Py<PyAny>,
    /// Whether the function can be called more than once.
    pub(crate) again: bool,
    /// Whether it was called.
    pub(crate) opened: Mutex<bool>,
}

impl OpenReader for PyReader {
    fn again(&self) -> bool {
        self.again
    }

    fn open(&self) -> Result<Box<dyn Read + Send>> {
        let mut opened = self.opened.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if std::mem::replace(&mut *opened, true) && !self.again {
            return Err(read_twice(&self.name));
        }
        let object = Python::attach(|py| self.make.call0(py).map_err(|e| from_python(py, e, &self.name)))?;
        Ok(Box::new(Object { object, held: Vec::new(), at: 0 }))
    }
}

struct Object {
    object: Py<PyAny>,
    held: Vec<u8>,
    at: usize,
}

impl Read for Object {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.held.len() {
            self.held = Python::attach(|py| -> PyResult<Vec<u8>> {
                let bytes = self.object.call_method1(py, "read", (BLOCK,))?;
                Ok(bytes.bind(py).cast::<PyBytes>()?.as_bytes().to_vec())
            })
            .map_err(io::Error::other)?;
            self.at = 0;
        }
        let n = out.len().min(self.held.len() - self.at);
        out[..n].copy_from_slice(&self.held[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}
