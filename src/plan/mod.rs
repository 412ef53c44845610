//! What is to be done, as data: sources and steps, in the order they were said.
//!
//! [`Plan::push`] refuses what is wrong in itself (a second `format`, a share above 1); [`resolve()`] looks at
//! the columns of the sources, decides every default, and says what is wrong between the steps. Neither touches a
//! row.

mod columns;
mod explain_lines;
mod json_forms;
mod needed_columns;
mod plan_json;
mod reserved_names;
pub mod resolve;
pub mod source;
mod sources_and_steps;
mod step;
mod tokenizer_spec;
pub mod verbs;

pub(crate) use plan_json::PLAN_VERSION;
pub use resolve::{Resolved, resolve};
pub use source::SourceSpec;
pub use sources_and_steps::{Part, Plan};
pub use step::{Named, Step, Verb};
pub use tokenizer_spec::TokenizerSpec;
