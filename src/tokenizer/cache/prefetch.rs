//! Memory asked for ahead of its use. The `unsafe` is one instruction that reads nothing.
#![allow(unsafe_code)]

/// Asks for the memory at `place`; does nothing on machines where there is no stable way to.
#[inline]
pub(crate) fn prefetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint to the processor's cache: it neither reads nor writes, and cannot fault, wherever it points.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
