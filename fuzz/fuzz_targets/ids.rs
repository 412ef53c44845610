//! Ids of any text.
//!
//! `cargo fuzz run ids --sanitizer none` (in the project's folder; `cargo install cargo-fuzz` first).
#![no_main]

#[path = "../checks/ids.rs"]
mod ids;

libfuzzer_sys::fuzz_target!(|data: &[u8]| ids::check(data));
