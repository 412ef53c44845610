//! Reads a stream that may be silent for long, until the run is asked to stop.

use std::io::{self, ErrorKind, Read};

use super::open::BoxedReader;
use crate::cancel::Cancel;

/// A reader, read for one run. A reader that has no byte yet may fail with [`ErrorKind::WouldBlock`] after a moment: it
/// is asked again.
pub(crate) struct CancellableReader {
    /// What is read.
    pub(crate) reader: BoxedReader,
    /// The run that reads it.
    pub(crate) cancel: Cancel,
}

impl Read for CancellableReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.reader.read(out);
            // A slow stream spends nearly all time within that call.
            if self.cancel.is_cancelled() {
                return Err(io::Error::other("the run was stopped"));
            }
            match read {
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has no byte the first three times, then gives one, and stops a run meanwhile.
    struct Slow {
        calls: usize,
        stop: Option<Cancel>,
    }

    impl Read for Slow {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.calls += 1;
            if self.calls <= 3 {
                return Err(ErrorKind::WouldBlock.into());
            }
            if let Some(cancel) = &self.stop {
                cancel.cancel();
            }
            out[0] = b'x';
            Ok(1)
        }
    }

    fn read(stop: Option<Cancel>, cancel: Cancel) -> io::Result<usize> {
        CancellableReader { reader: Box::new(Slow { calls: 0, stop }), cancel }.read(&mut [0; 8])
    }

    #[test]
    fn a_silent_stream_is_asked_again_until_its_own_run_is_stopped() {
        let (own, other) = (Cancel::default(), Cancel::default());
        assert_eq!(read(None, own.clone()).unwrap(), 1);
        assert_eq!(read(Some(other), own.clone()).unwrap(), 1);
        assert_eq!(read(Some(own.clone()), own).unwrap_err().to_string(), "the run was stopped");
    }
}
