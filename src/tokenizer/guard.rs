//! Calls of the crate `tokenizers`, which may panic on data from outside: the panic is an error here.

use crate::guard;

/// Runs code of the crate.
///
/// # Errors
/// The message of the panic.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    guard::guarded(work).map_err(|message| format!("tokenizers 0.23 panics: {message}"))
}
