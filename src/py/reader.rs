//! Byte streams across the door: standard input, and records of the caller as JSON lines.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use super::errors::from_python;
use super::gate::INTERRUPTIONS;
use crate::error::{Class, Error, Result};
use crate::plan::source::{OpenReader, read_twice};

/// Bytes asked for at once.
const BLOCK: usize = 1 << 20;

/// Opens standard input, once.
#[derive(Default)]
pub struct Stdin(Mutex<bool>);

impl OpenReader for Stdin {
    fn again(&self) -> bool {
        false
    }

    fn open(&self) -> Result<Box<dyn Read + Send>> {
        let mut opened = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if std::mem::replace(&mut *opened, true) {
            return Err(read_twice("<stdin>"));
        }
        let failed = |e| Error::new(Class::Source, "cannot_read", "standard input cannot be read").source(e);
        let file = io::stdin().as_fd().try_clone_to_owned().map_err(failed)?;
        Ok(Box::new(Patient { file: file.into(), interruptions: INTERRUPTIONS.load(Ordering::Relaxed) }))
    }
}

/// Standard input, which may be silent for long: waits in steps, so that Ctrl-C is heard meanwhile.
struct Patient {
    file: File,
    /// How many there were when it was opened.
    interruptions: u64,
}

/// Seconds between two looks at the signals.
const STEP: f64 = 0.1;

impl Patient {
    /// Whether bytes, or the end, are there within a step; fails on Ctrl-C, which the main thread alone sees.
    fn is_ready(&self) -> PyResult<bool> {
        Python::attach(|py| {
            py.check_signals()?;
            let none = PyList::empty(py);
            let fd = PyList::new(py, [self.file.as_raw_fd()])?;
            let ready = py.import("select")?.call_method1("select", (fd, &none, &none, STEP))?;
            ready.get_item(0)?.is_truthy()
        })
    }
}

impl Read for Patient {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.is_ready().map_err(io::Error::other)? {
            if INTERRUPTIONS.load(Ordering::Relaxed) != self.interruptions {
                return Err(io::Error::other("interrupted"));
            }
        }
        self.file.read(out)
    }
}

/// Opens an object with `read(size) -> bytes` that a Python function makes.
pub struct Made {
    /// How places call it.
    pub name: String,
    /// Makes the object.
    pub make: Py<PyAny>,
    /// Whether it can be made more than once.
    pub again: bool,
    /// Whether it was.
    pub opened: Mutex<bool>,
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
            let before = INTERRUPTIONS.load(Ordering::Relaxed);
            self.held = Python::attach(|py| -> PyResult<Vec<u8>> {
                let bytes = self.object.call_method1(py, "read", (BLOCK,))?;
                Ok(bytes.bind(py).cast::<PyBytes>()?.as_bytes().to_vec())
            })
            .map_err(io::Error::other)?;
            self.at = 0;
            // Nearly all time of a slow stream is spent within that call.
            if INTERRUPTIONS.load(Ordering::Relaxed) != before {
                return Err(io::Error::other("interrupted"));
            }
        }
        let n = out.len().min(self.held.len() - self.at);
        out[..n].copy_from_slice(&self.held[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}
