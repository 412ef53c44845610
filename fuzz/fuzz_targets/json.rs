//! JSON lines of any bytes, against serde_json.
//!
//! `cargo fuzz run json --sanitizer none fuzz/corpus/json -- -dict=fuzz/json.dict` (in the project's folder; `cargo
//! install cargo-fuzz` first). What a run finds is kept by the least files that reach the same code:
//! `-set_cover_merge=1 -use_counters=0`.
#![no_main]

#[path = "../checks/json.rs"]
mod json;

libfuzzer_sys::fuzz_target!(|data: &[u8]| json::check(data));
