//! Standard input as a stream of bytes.

use std::io::Read;
use std::sync::Mutex;

use crate::error::{Class, Error, Result};
use crate::plan::source::{OpenReader, read_twice};

/// Opens standard input, once.
#[derive(Default)]
pub(crate) struct Stdin(Mutex<bool>);

impl OpenReader for Stdin {
    fn again(&self) -> bool {
        false
    }

    fn open(&self) -> Result<Box<dyn Read + Send>> {
        let mut opened = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if std::mem::replace(&mut *opened, true) {
            return Err(read_twice("<stdin>"));
        }
        system::open()
            .map_err(|e| Error::new(Class::Source, "cannot_read", "standard input cannot be read").source(e))
    }
}

#[cfg(unix)]
mod system {
    use std::fs::File;
    use std::io::{self, ErrorKind, Read};
    use std::os::fd::{AsFd, AsRawFd};

    use pyo3::prelude::*;
    use pyo3::types::PyList;

    /// Seconds between two checks of signals, and of whether the run was stopped.
    const STEP: f64 = 0.1;

    pub fn open() -> io::Result<Box<dyn Read + Send>> {
        let file = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Box::new(InSteps(file.into())))
    }

    /// Standard input that may have no data for a long time: after `STEP` seconds without data, reading fails with
    /// `WouldBlock`.
    struct InSteps(File);

    impl InSteps {
        /// Waits up to `STEP` seconds for data or the end. Fails on Ctrl-C, which only the main thread sees.
        fn is_ready(&self) -> PyResult<bool> {
            Python::attach(|py| {
                py.check_signals()?;
                let none = PyList::empty(py);
                let fd = PyList::new(py, [self.0.as_raw_fd()])?;
                let ready = py.import("select")?.call_method1("select", (fd, &none, &none, STEP))?;
                ready.get_item(0)?.is_truthy()
            })
        }
    }

    impl Read for InSteps {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            match self.is_ready().map_err(io::Error::other)? {
                true => self.0.read(out),
                false => Err(ErrorKind::WouldBlock.into()),
            }
        }
    }
}

/// On other systems reading cannot be interrupted: Ctrl-C takes effect when data arrives.
#[cfg(not(unix))]
mod system {
    use std::io::{self, Read};

    pub fn open() -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(io::stdin()))
    }
}
