//! Records of the caller as a stream of JSON lines.

use std::io::{self, Read};
use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::errors::from_python;
use crate::error::Result;
use crate::plan::source::{OpenReader, read_twice};

/// Bytes asked for at once.
const BLOCK: usize = 1 << 20;

/// Opens an object with `read(size) -> bytes` that a Python function makes.
pub(crate) struct Made {
    /// How places call it.
    pub name: String,
    /// Makes the object.
    pub(crate) make: Py<PyAny>,
    /// Whether it can be made more than once.
    pub(crate) again: bool,
    /// Whether it was.
    pub(crate) opened: Mutex<bool>,
}

impl OpenReader for Made {
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
