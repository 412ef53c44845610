//! Calls the crate `tokenizers`, which may panic on data from outside, and turns the panic into an error.

use crate::guard;

/// Runs code that calls the crate.
///
/// # Errors
/// The message of the panic.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    guard::guarded(work).map_err(|message| format!("tokenizers 0.23 panicked: {message}"))
}
