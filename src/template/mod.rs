//! Chat templates: Jinja as transformers renders it.
//!
//! minijinja parses and runs templates. Here is what Python's Jinja has and it lacks or does otherwise, one behaviour a
//! file: how values are printed, what filters, tests and methods answer, what fails.

mod arguments;
mod blind;
mod clock;
mod data;
mod engine;
mod failure;
mod filters;
mod format;
mod generator;
mod globals;
mod joins;
mod markup;
mod members;
mod methods;
mod number;
mod plus;
mod predicates;
mod print;
mod python;
mod quoted;
mod sought;
mod source;
mod to_json;

pub(crate) use blind::{Form, Known, placeholder};
pub(crate) use python::{is_space, repr as python_repr};
pub(crate) use source::MARKS;
pub(crate) use to_json::escape_json;

pub use clock::Clock;
pub use data::Data;
pub use engine::Template;
pub use failure::Failure;
