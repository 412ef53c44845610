//! Fuzz target: CSV of any bytes, compared with a reader that looks at one byte at a time.
//!
//! `cargo fuzz run csv --sanitizer none fuzz/corpus/csv -- -dict=fuzz/csv.dict` in the root of the repository, after
//! `cargo install cargo-fuzz`.
#![no_main]

#[path = "../checks/csv.rs"]
mod csv;

libfuzzer_sys::fuzz_target!(|data: &[u8]| csv::check(data));
