//! Fuzz target: chat templates over messages.
//!
//! `cargo fuzz run chat --sanitizer none fuzz/corpus/chat -- -dict=fuzz/chat.dict -timeout=20` in the root of the
//! repository, after `cargo install cargo-fuzz`.
#![no_main]

#[path = "../checks/chat.rs"]
mod chat;

libfuzzer_sys::fuzz_target!(|data: &[u8]| chat::check(data));
