//! Work that can be interrupted: the calling thread checks for an interruption while another thread works.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::cancel::Cancel;
use crate::error::{Error, Result, panic_text};

/// How often the calling thread checks for an interruption, and the longest sleep of a worker.
pub(super) const POLL: Duration = Duration::from_millis(50);

/// Says whether to stop. The calling thread calls it a few times a second.
pub(crate) type Interrupted<'a> = &'a mut dyn FnMut() -> bool;

/// Runs `work` on another thread, while the calling thread checks for an interruption.
pub(crate) fn interruptible<T: Send>(
    cancel: &Cancel,
    interrupted: &mut dyn FnMut() -> bool,
    work: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    let (done, outcome) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let outcome = catch_unwind(AssertUnwindSafe(work));
            drop(done.send(outcome.unwrap_or_else(|panic| Err(panicked(&panic)))));
        });
        loop {
            match outcome.recv_timeout(POLL) {
                Ok(outcome) => return outcome.and_then(|value| cancel.check().map(|()| value)),
                Err(RecvTimeoutError::Timeout) if interrupted() => cancel.cancel(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Error::internal("a worker was lost")),
            }
        }
    })
}

/// The error for a worker that panicked.
#[cold]
pub(super) fn panicked(panic: &Box<dyn std::any::Any + Send>) -> Error {
    Error::internal(format!("a worker panicked: {}", panic_text(panic.as_ref())))
}
