//! `lint`: whether files of conversations would be accepted where models are fine-tuned.
//!
//! A [`Target`] is a provider or a trainer, with its limits: rules with their sources. All of them are in one table,
//! [`targets`]. Files are seen as they are stored: marks, blank lines, keys. Rows are checked on any worker; what is about
//! a whole file, or about rows of two files, is checked by the sink.

mod block_checks;
mod broken;
mod file_checks;
mod limit;
mod message_checks;
mod output_checks;
mod problems;
mod report;
mod row;
mod row_checks;
mod row_key;
mod rule;
mod sink;
mod stage;
mod table;
mod targets;
#[cfg(test)]
mod tests;
mod tool_checks;

pub(crate) use file_checks::FileFacts;
pub(crate) use limit::Target;
pub use problems::{problems, target_names};
pub(crate) use sink::{Lint, Part, Refused};
pub(crate) use stage::LintStage;
pub(crate) use table::table;
