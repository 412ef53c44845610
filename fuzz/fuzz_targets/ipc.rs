//! Fuzz target: Arrow IPC files and streams of any bytes.
//!
//! `cargo fuzz run ipc --sanitizer none fuzz/corpus/ipc` in the root of the repository, after `cargo install
//! cargo-fuzz`. `-set_cover_merge=1 -use_counters=0` reduces the corpus to the fewest files that reach the same code.
#![no_main]

#[path = "../checks/ipc.rs"]
mod ipc;

libfuzzer_sys::fuzz_target!(|data: &[u8]| ipc::check(data));
