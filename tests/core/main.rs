//! Tests of the core as a whole: its structure, whole runs, and errors.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers"
)]

mod engine;
mod formats;
mod fuzz_corpus;
mod imports;
mod layers;
mod parts;
mod publish;
mod reading;
mod support;
mod unreadable_inputs;
