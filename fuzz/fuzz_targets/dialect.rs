//! Fuzz target: rows of any JSON, as each dialect reads them.
//!
//! `cargo fuzz run dialect --sanitizer none fuzz/corpus/dialect` in the root of the repository.
#![no_main]

#[path = "../checks/dialect.rs"]
mod dialect;
#[path = "../checks/rows.rs"]
mod rows;

libfuzzer_sys::fuzz_target!(|data: &[u8]| dialect::check(data));
