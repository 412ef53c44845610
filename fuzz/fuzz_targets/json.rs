//! Fuzz target: JSON lines of any bytes, compared with serde_json.
//!
//! `cargo fuzz run json --sanitizer none fuzz/corpus/json -- -dict=fuzz/json.dict` in the root of the repository,
//! after `cargo install cargo-fuzz`. `-set_cover_merge=1 -use_counters=0` reduces the corpus to the fewest files that
//! reach the same code.
#![no_main]

#[path = "../checks/json.rs"]
mod json;

libfuzzer_sys::fuzz_target!(|data: &[u8]| json::check(data));
