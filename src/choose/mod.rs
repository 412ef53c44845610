//! `sample`, `resolve_conflicts`, `balance` and `mix`: which rows stay or are repeated, decided when all rows are known.

mod balance;
mod barrier;
mod choice;
mod classes;
mod conflicts;
mod how;
mod mix;
mod sampler;
mod spread;
#[cfg(test)]
mod tests;

pub(crate) use balance::BalanceHow;
pub(crate) use barrier::Choose;
pub(crate) use conflicts::Keep;
pub(crate) use how::How;
pub(crate) use mix::{MixOptions, MixUnit, OnExhausted};
pub(crate) use sampler::Amount;
