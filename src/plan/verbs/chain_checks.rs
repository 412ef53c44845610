//! Where a step may stand.

use crate::error::{Class, Error, Result};
use crate::plan::step::{Step, format_of};
use crate::record::schema::{COMPLETION, PROMPT};

/// The error for a step that cannot follow those before it.
#[cold]
pub(crate) fn bad_chain(message: impl Into<String>, help: &str) -> Error {
    Error::new(Class::Plan, "bad_chain", message).help(help)
}

/// Refuses a second step of a verb that a chain has once.
pub(crate) fn only_one(name: &str, before: &[Step]) -> Result<()> {
    match before.iter().any(|step| step.name() == name) {
        false => Ok(()),
        true => {
            Err(bad_chain(format!("{name}: the chain has one already"), "a row can be treated so only once"))
        }
    }
}

/// Refuses a step that could change what `format` has proven.
pub(crate) fn not_proven(name: &str, before: &[Step], changes: bool) -> Result<()> {
    if !changes || format_of(before).is_none() {
        return Ok(());
    }
    Err(bad_chain(
        format!("{name}: after format it could change `prompt` or `completion`, which are proven"),
        "put it before format",
    ))
}

/// Whether it is a column that `format` proves.
pub(crate) fn is_proven(name: &str) -> bool {
    name == PROMPT || name == COMPLETION
}
