//! Fuzz target: manifests and shards of any bytes.
//!
//! `cargo fuzz run prepared --sanitizer none fuzz/corpus/prepared` in the root of the repository, after `cargo
//! install cargo-fuzz`. `-set_cover_merge=1 -use_counters=0` reduces the corpus to the fewest files that reach the
//! same code.
#![no_main]

#[path = "../checks/prepared.rs"]
mod prepared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| prepared::check(data));
