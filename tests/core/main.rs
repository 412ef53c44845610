//! Tests of the core as a whole: its structure, whole runs, and errors.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers"
)]

mod corpus;
mod engine;
mod faults;
mod formats;
mod imports;
mod layers;
mod parts;
mod publish;
mod reading;
mod support;
