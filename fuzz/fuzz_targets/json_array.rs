//! Fuzz target: JSON arrays of any bytes, compared with serde_json.
//!
//! `cargo fuzz run json_array --sanitizer none fuzz/corpus/json_array -- -dict=fuzz/json.dict` in the root of the
//! repository; see the target `json`.
#![no_main]

#[path = "../checks/json.rs"]
mod json;

libfuzzer_sys::fuzz_target!(|data: &[u8]| json::check_array(data));
