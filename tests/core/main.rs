//! Tests of the core as a whole: its structure, and what it does when things go wrong.

mod engine;
mod faults;
mod layers;
mod publish;
mod support;
