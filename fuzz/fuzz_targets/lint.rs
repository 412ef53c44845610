//! Fuzz target: lines of any bytes as targets look at them, and rows as they are written for targets.
//!
//! `cargo fuzz run lint --sanitizer none fuzz/corpus/lint -- -dict=fuzz/json.dict` in the root of the repository.
#![no_main]

#[path = "../checks/lint.rs"]
mod lint;
#[path = "../checks/rows.rs"]
mod rows;

libfuzzer_sys::fuzz_target!(|data: &[u8]| lint::check(data));
