//! Steps of a plan's JSON, any bytes.
//!
//! `cargo fuzz run plan --sanitizer none fuzz/corpus/plan -- -dict=fuzz/plan.dict` (in the project's folder; `cargo
//! install cargo-fuzz` first). What a run finds is kept by the least files that reach the same code:
//! `-set_cover_merge=1 -use_counters=0`.
#![no_main]

#[path = "../checks/plan.rs"]
mod plan;

libfuzzer_sys::fuzz_target!(|data: &[u8]| plan::check(data));
