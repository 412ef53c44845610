//! Fuzz target: token ids of any text.
//!
//! `cargo fuzz run ids --sanitizer none` in the root of the repository, after `cargo install cargo-fuzz`.
#![no_main]

#[path = "../checks/ids.rs"]
mod ids;

libfuzzer_sys::fuzz_target!(|data: &[u8]| ids::check(data));
