//! Tests of the core as a whole: its structure, and what it does when things go wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "all of it is tests, helpers too"
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
