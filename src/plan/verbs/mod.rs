//! The verbs of the chain, a file each: its options, where it may stand, the columns it needs, its stages.

mod dedup;
mod drop;
mod filter;
mod format;
mod head;
mod map_batches;
mod pack;
mod rename;
mod restore;
mod select;
mod shuffle;
mod split;
mod tokenize;
mod validate;
mod with_columns;
mod with_row_index;

pub use dedup::Dedup;
pub use drop::Drop;
pub use filter::Filter;
pub use format::Format;
pub use head::Head;
pub use map_batches::MapBatches;
pub use pack::Pack;
pub use rename::Rename;
pub use restore::Restore;
pub use select::Select;
pub use shuffle::Shuffle;
pub use split::Split;
pub use tokenize::Tokenize;
pub use validate::Validate;
pub use with_columns::WithColumns;
pub use with_row_index::WithRowIndex;

use super::columns::Columns;
use super::resolve::Builder;
use crate::error::{Class, Error, Result};

/// What a step knows of itself.
pub trait Verb {
    /// The method's name.
    fn name(&self) -> &'static str;

    /// Whether its options are right in themselves, and it may follow these steps.
    ///
    /// # Errors
    /// `Class::Plan`: `bad_chain` for its place, `bad_option` for an option. `Class::Column`: `reserved_column`.
    fn check(&self, before: &[Step]) -> Result<()>;

    /// Uses the columns that it reads, and leaves those that the next step finds.
    ///
    /// # Errors
    /// A column is missing, or there would be two of a name.
    fn columns(&self, columns: &mut Columns<'_>) -> Result<()>;

    /// Adds its line for people and its stages, tried on no rows.
    ///
    /// # Errors
    /// What is wrong between this step, the columns and the other steps.
    fn resolve(&self, builder: &mut Builder<'_>) -> Result<()>;

    /// Whether token ids, labels and segments are after the step as they were before it.
    fn keeps_tokens(&self) -> bool;
}

/// A verb with its options.
#[derive(Clone)]
#[expect(missing_docs, reason = "each is named as the type that it holds")]
pub enum Step {
    Dedup(Dedup),
    Drop(Drop),
    Filter(Filter),
    Format(Format),
    Head(Head),
    MapBatches(MapBatches),
    Pack(Pack),
    Rename(Rename),
    Restore(Restore),
    Select(Select),
    Shuffle(Shuffle),
    Split(Split),
    Tokenize(Box<Tokenize>),
    Validate(Validate),
    WithColumns(WithColumns),
    WithRowIndex(WithRowIndex),
}

impl Step {
    /// The step as what all verbs can.
    pub fn verb(&self) -> &dyn Verb {
        match self {
            Step::Dedup(verb) => verb,
            Step::Drop(verb) => verb,
            Step::Filter(verb) => verb,
            Step::Format(verb) => verb,
            Step::Head(verb) => verb,
            Step::MapBatches(verb) => verb,
            Step::Pack(verb) => verb,
            Step::Rename(verb) => verb,
            Step::Restore(verb) => verb,
            Step::Select(verb) => verb,
            Step::Shuffle(verb) => verb,
            Step::Split(verb) => verb,
            Step::Tokenize(verb) => verb.as_ref(),
            Step::Validate(verb) => verb,
            Step::WithColumns(verb) => verb,
            Step::WithRowIndex(verb) => verb,
        }
    }

    /// The method's name.
    pub fn name(&self) -> &'static str {
        self.verb().name()
    }
}

/// The error for a step that cannot follow those before it.
#[cold]
fn bad_chain(message: impl Into<String>, help: &str) -> Error {
    Error::new(Class::Plan, "bad_chain", message).help(help)
}

/// Refuses a second step of a kind that a chain has once; `is_one` says whether a step is of it.
fn only_one(verb: &dyn Verb, before: &[Step], is_one: impl Fn(&Step) -> bool) -> Result<()> {
    match before.iter().any(is_one) {
        false => Ok(()),
        true => Err(bad_chain(
            format!("{}: the chain has one already", verb.name()),
            "a row can be treated so only once",
        )),
    }
}

/// Refuses a step whose answer depends on the order of the input, after a shuffle.
fn not_shuffled(verb: &dyn Verb, before: &[Step]) -> Result<()> {
    match before.iter().any(|step| matches!(step, Step::Shuffle(_))) {
        false => Ok(()),
        true => Err(bad_chain(
            format!("{}: the rows are shuffled already", verb.name()),
            &format!("put {} before shuffle", verb.name()),
        )),
    }
}

/// Refuses a step that could change what `format` has proven.
fn not_proven(verb: &dyn Verb, before: &[Step], changes: bool) -> Result<()> {
    if !changes || !before.iter().any(|step| matches!(step, Step::Format(_))) {
        return Ok(());
    }
    Err(bad_chain(
        format!("{}: after format it could change `prompt` or `completion`, which are proven", verb.name()),
        "put it before format",
    ))
}

/// Whether it is a column that `format` proves.
fn is_proven(name: &str) -> bool {
    use crate::record::schema::{COMPLETION, PROMPT};
    name == PROMPT || name == COMPLETION
}
