//! What is to be done, as data: a source and steps, in the order they were said.
//!
//! [`Plan::push`] refuses what is wrong in itself (a second `format`, a share above 1); [`resolve()`] looks at
//! the source's columns, decides every default, and says what is wrong between the steps. Neither touches a
//! row.

mod columns;
mod explain;
mod forms;
pub mod resolve;
pub mod source;
mod tokenizer;
pub mod verbs;

pub use resolve::{Resolved, resolve};
pub use source::SourceSpec;
pub use tokenizer::TokenizerSpec;
pub use verbs::Step;

use crate::error::{Class, Error, Result};
use crate::record::schema;

/// A source and steps; immutable, cheap to extend.
#[derive(Clone)]
pub struct Plan {
    /// Where rows come from.
    pub source: SourceSpec,
    /// What is done with them, in order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// A plan that reads and does nothing else.
    pub fn new(source: SourceSpec) -> Self {
        Plan { source, steps: Vec::new() }
    }

    /// The plan with one more step.
    ///
    /// # Errors
    /// Those of [`verbs::Verb::check`]; `bad_chain` after a `pack`.
    pub fn push(&self, step: Step) -> Result<Plan> {
        step.verb().check(&self.steps)?;
        if self.steps.iter().any(|step| matches!(step, Step::Pack(_))) {
            let message = format!("{}: the rows are packed already", step.name());
            return Err(Error::new(Class::Plan, "bad_chain", message).help("make pack the last step"));
        }
        let mut steps = self.steps.clone();
        steps.push(step);
        Ok(Plan { source: self.source.clone(), steps })
    }
}

/// Fails for a name of our own columns: what has one travels with the rows and is never written.
fn not_reserved(step: &str, name: &str) -> Result<()> {
    if !schema::is_hidden(name) {
        return Ok(());
    }
    let message =
        format!("{step}: no column can be called `{name}`: names in {}… are fastprep's own", schema::HIDDEN);
    Err(Error::new(Class::Column, "reserved_column", message).column(name).help("give it another name"))
}
