//! The allocator of the extension.

use std::ffi::{c_int, c_long};

use mimalloc::MiMalloc;

/// Arrow buffers are large and short-lived. The allocator of the system would return each to the kernel, which zeroes
/// the pages of the next one again.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// `mi_option_purge_decommits` of `mi_option_t` in `mimalloc.h`, version 3.
const PURGE_DECOMMITS: c_int = 5;

#[expect(unsafe_code, reason = "the proof is below")]
unsafe extern "C" {
    /// Sets an option, unless the environment has set it.
    fn mi_option_set_default(option: c_int, value: c_long);
}

/// Memory that has been free for a while is offered to the kernel, which takes the pages when it needs some, instead of
/// being given back at once: what is not taken need not be zeroed again. Reading CSV repeatedly within a process took a
/// quarter less processor time. `MIMALLOC_PURGE_DECOMMITS=1` in the environment gives the memory back.
#[expect(unsafe_code, reason = "the proof is below")]
pub(super) fn offer_free_memory() {
    // SAFETY: `mi_option_set_default` is a C function of mimalloc, which is linked as the global allocator, with this
    // signature (`mi_option_t` is a C enumeration, hence an int). It may be called at any time; it writes one number
    // of the table of options, which the allocator reads later.
    unsafe { mi_option_set_default(PURGE_DECOMMITS, 0) }
}
