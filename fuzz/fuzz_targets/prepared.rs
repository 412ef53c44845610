//! Manifests and shards of any bytes.
//!
//! `cargo fuzz run prepared --sanitizer none fuzz/corpus/prepared` (in the project's folder; `cargo install cargo-fuzz`
//! first). What a run finds is kept by the least files that reach the same code: `-set_cover_merge=1 -use_counters=0`.
#![no_main]

#[path = "../checks/prepared.rs"]
mod prepared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| prepared::check(data));
