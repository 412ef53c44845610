//! What is to be done, as data: a source and steps, in the order they were said.
//!
//! [`Plan::push`] refuses what is wrong in itself (a second `format`, a share above 1); [`resolve`] looks at
//! the source's columns, decides every default, and says what is wrong between the steps. Neither touches a
//! row.

mod columns;
mod explain;
pub mod resolve;
pub mod source;
pub mod step;

pub use resolve::{Resolved, resolve};
pub use source::SourceSpec;
pub use step::{Step, TokenizeStep, TokenizerSpec};

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
    pub fn push(&self, step: Step) -> Result<Plan> {
        let verb = step.verb();
        let has = |verb: &str| self.steps.iter().any(|s| s.verb() == verb);
        let wrong =
            |message: String, help: &str| Err(Error::new(Class::Plan, "bad_chain", message).help(help));
        let once = ["format", "split", "tokenize", "shuffle", "pack"];
        if once.contains(&verb) && has(verb) {
            return wrong(format!("{verb}: the chain has one already"), "a row can be treated so only once");
        }
        if verb == "format" && has("tokenize") {
            return wrong("format: the rows are tokenized already".into(), "put format before tokenize");
        }
        if has("pack") {
            return wrong(format!("{verb}: the rows are packed already"), "make pack the last step");
        }
        if verb == "pack" && has("shuffle") {
            let help = "leave shuffle out, and give its seed to pack: packs are shuffled as they are made";
            return wrong("pack: the rows are shuffled already".into(), help);
        }
        if verb == "dedup" && has("shuffle") {
            return wrong(
                "dedup: the rows are shuffled already, and it keeps the first of equal rows in input order"
                    .into(),
                "put dedup before shuffle: the order in which rows are written is decided last",
            );
        }
        if verb == "head" && has("shuffle") {
            return wrong("head: the rows are shuffled already".into(), "put head before shuffle");
        }
        if has("format") {
            let proven = |name: &str| name == "prompt" || name == "completion";
            let changes = match &step {
                Step::WithColumns { names, .. } => names.iter().any(|n| proven(n)),
                Step::Rename(pairs) => pairs.iter().any(|(from, to)| proven(from) || proven(to)),
                Step::MapBatches { .. } => true,
                _ => false,
            };
            if changes {
                return wrong(
                    format!(
                        "{verb}: after format it could change `prompt` or `completion`, which are proven"
                    ),
                    "put it before format",
                );
            }
        }
        match &step {
            Step::Split { options, .. } => options.check()?,
            Step::Rename(pairs) => pairs.iter().try_for_each(|(_, to)| not_reserved(verb, to))?,
            Step::WithColumns { names, .. } => names.iter().try_for_each(|name| not_reserved(verb, name))?,
            Step::Head(0) => return wrong("head: 0 rows are no data set".into(), "give a number of rows"),
            _ => {}
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
