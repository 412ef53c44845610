//! Which threads belong to runs. Such a thread must not wait for a run to end: it may be one that the run waits for.

use std::cell::Cell;

thread_local! {
    static OF_A_RUN: Cell<bool> = const { Cell::new(false) };
}

/// Marks the current thread as one of a run, for as long as it lives.
pub(super) fn mark() {
    OF_A_RUN.set(true);
}

/// Whether the current thread belongs to a run. Python's garbage collector may run in one, while it calls a function of
/// the user, and drop there what holds another run, or the same.
pub(crate) fn is_of_a_run() -> bool {
    OF_A_RUN.get()
}
