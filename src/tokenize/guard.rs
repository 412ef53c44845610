//! The border to the crate `tokenizers`: a panic of it is an error here, and prints nothing.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::error::panic_text;

thread_local! {
    /// Whether the thread is within the crate's code.
    static WITHIN: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Runs the crate's code; where it panics, what it says is the error.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !WITHIN.get() {
                before(info);
            }
        }));
    });
    let outer = WITHIN.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    WITHIN.set(outer);
    outcome.map_err(|panic| format!("tokenizers 0.23 panics: {}", panic_text(panic.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_panic_says_is_the_error() {
        let nested = guarded(|| guarded(|| panic!("{} is wrong", "this")));
        assert_eq!(nested, Ok(Err::<(), _>("tokenizers 0.23 panics: this is wrong".to_string())));
        assert_eq!(guarded(|| 1), Ok(1));
        assert!(!WITHIN.get());
    }
}
