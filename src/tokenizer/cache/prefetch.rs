//! Prefetches memory. The `unsafe` code is one instruction that reads nothing.
#![allow(unsafe_code)]

/// Prefetches the memory of `value`. Does nothing on processors for which Rust has no stable prefetch instruction.
#[inline]
pub(crate) fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint to the processor's cache: it neither reads nor writes, and cannot fault, wherever it points.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}
