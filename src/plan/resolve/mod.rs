//! Resolves a plan: finds the columns, decides every default, and builds every stage and runs it on an empty batch,
//! so that errors appear before a row is read.

mod barrier_step;
mod build;
mod builder;
mod chain_builder;
mod concat;
mod description;
mod dialects;
mod earlier_folders;
mod job;
mod resolve_plan;
mod resolved;
mod sample;
mod source_columns;
mod to_inspect;

pub(crate) use barrier_step::{BarrierStep, Order};
pub(super) use build::check_recipe;
pub(crate) use build::{Build, Counted};
pub(crate) use builder::Builder;
pub(crate) use job::{Job, Origin, Section};
pub use resolve_plan::{recognise, resolve};
pub use resolved::Resolved;
pub(crate) use to_inspect::{ToInspect, to_inspect};
