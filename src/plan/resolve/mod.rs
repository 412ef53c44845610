//! From what was said to what is run: columns found, defaults decided, every stage built once and tried on no
//! rows at all, so that what is wrong is said before a row is read.

mod barrier_step;
mod build;
mod builder;
mod chain_builder;
mod concat;
mod description;
mod earlier_folders;
mod job;
mod resolve_plan;
mod resolved;
mod source_columns;

pub(crate) use barrier_step::{BarrierStep, Order};
pub(super) use build::same_keys;
pub(crate) use build::{Build, Counted};
pub(crate) use builder::Builder;
pub(crate) use job::{Job, Origin, Section};
pub use resolve_plan::resolve;
pub use resolved::Resolved;
