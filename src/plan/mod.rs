//! Plans: sources and steps, in order, as data.
//!
//! [`Plan::push`] rejects options that are wrong in themselves (a second `format`, a share above 1). [`resolve()`]
//! finds the columns of the sources, decides every default, and checks each step against the columns and the other
//! steps. Neither reads a row.

mod answers_of_dialect;
mod columns;
mod conversations;
mod dialect_rows;
mod explain_lines;
mod json_forms;
mod needed_columns;
mod own_text;
mod plan_json;
mod rendered_conversations;
mod reserved_names;
pub mod resolve;
mod row_length;
mod rule_columns;
pub mod source;
mod sources_and_steps;
mod step;
mod tokenizer_spec;
pub mod verbs;

pub(crate) use plan_json::PLAN_VERSION;
pub use resolve::{Resolved, resolve};
pub(crate) use rule_columns::RuleColumns;
pub use source::SourceSpec;
pub use sources_and_steps::{Part, Plan};
pub use step::{Named, Step, Verb};
pub use tokenizer_spec::TokenizerSpec;
