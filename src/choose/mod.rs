//! `sample` and `resolve_conflicts`: which rows stay, decided when all rows are known. The rows that stay keep their order.

mod barrier;
mod choice;
mod conflicts;
mod how;
mod sampler;
#[cfg(test)]
mod tests;

pub(crate) use barrier::Choose;
pub(crate) use conflicts::Keep;
pub(crate) use how::How;
pub(crate) use sampler::Amount;
