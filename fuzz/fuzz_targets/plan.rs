//! Fuzz target: steps of a plan's JSON, from any bytes.
//!
//! `cargo fuzz run plan --sanitizer none fuzz/corpus/plan -- -dict=fuzz/plan.dict` in the root of the repository,
//! after `cargo install cargo-fuzz`. `-set_cover_merge=1 -use_counters=0` reduces the corpus to the fewest files that
//! reach the same code.
#![no_main]

#[path = "../checks/plan.rs"]
mod plan;

libfuzzer_sys::fuzz_target!(|data: &[u8]| plan::check(data));
