//! Calls code of a dependency that may panic on invalid data: the panic becomes an error, and nothing is printed.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use crate::error::panic_text;

thread_local! {
    /// Whether this thread is inside [`guarded`].
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Calls `work`.
///
/// # Errors
/// The message of the panic.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // The default hook prints the panic before it is caught; inside `guarded` nothing is printed.
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                before(info);
            }
        }));
    });
    let outer = GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    outcome.map_err(|panic| panic_text(panic.as_ref()).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_with_its_message() {
        assert_eq!(guarded(|| 3), Ok(3));
        assert_eq!(
            guarded(|| [1, 2][std::hint::black_box(5)]).unwrap_err().split(" but").next(),
            Some("index out of bounds: the len is 2")
        );
        let nested = guarded(|| guarded(|| panic!("{} is wrong", "this")));
        assert_eq!(nested, Ok(Err::<(), _>("this is wrong".to_string())));
        assert!(!GUARDED.get());
    }
}
