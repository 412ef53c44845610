//! Reads a stream that may have no data for a long time, and stops when the run is cancelled.

use std::io::{self, ErrorKind, Read};

use super::open::BoxedReader;
use crate::cancel::Cancel;

/// A reader for one run. The inner reader may fail with [`ErrorKind::WouldBlock`] while it has no data; it is then
/// read again.
pub(crate) struct CancellableReader {
    /// The inner reader.
    pub(crate) reader: BoxedReader,
    /// The run that reads it.
    pub(crate) cancel: Cancel,
}

impl Read for CancellableReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.reader.read(out);
            // For a slow stream, nearly all time passes within that call.
            if self.cancel.is_cancelled() {
                return Err(io::Error::other("the run was cancelled"));
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

    /// Has no data in its first three calls; then it cancels a run and returns a byte.
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
    fn a_stream_without_data_is_read_again_until_its_own_run_is_cancelled() {
        let (own, other) = (Cancel::default(), Cancel::default());
        assert_eq!(read(None, own.clone()).unwrap(), 1);
        assert_eq!(read(Some(other), own.clone()).unwrap(), 1);
        assert_eq!(read(Some(own.clone()), own).unwrap_err().to_string(), "the run was cancelled");
    }
}
