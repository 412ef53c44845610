//! Checks of the order of steps.

use crate::error::{Class, Error, Result};
use crate::plan::step::{Step, prompt_format};
use crate::record::schema::{COMPLETION, PROMPT};

/// The error for a step that cannot follow those before it.
#[cold]
pub(crate) fn bad_chain(message: impl Into<String>, help: &str) -> Error {
    Error::new(Class::Plan, "bad_chain", message).help(help)
}

/// Rejects a second step of a verb that may occur only once.
pub(crate) fn check_only_one(name: &str, before: &[Step]) -> Result<()> {
    match before.iter().any(|step| step.name() == name) {
        false => Ok(()),
        true => Err(bad_chain(format!("{name}: the chain already has this step"), "remove one of the two")),
    }
}

/// Rejects a step that must see each row once, after a step that repeats rows.
pub(crate) fn check_no_copies(name: &str, before: &[Step], because: &str) -> Result<()> {
    match before.iter().find(|step| step.verb().repeats_rows()) {
        None => Ok(()),
        Some(step) => Err(bad_chain(
            format!("{name}: {} has repeated rows, and {because}", step.name()),
            &format!("put {name} before {}", step.name()),
        )),
    }
}

/// Rejects a step after `format` that could change the prompt or completion that `format` has proven.
pub(crate) fn check_keeps_proof(name: &str, before: &[Step], changes: bool) -> Result<()> {
    if !changes || prompt_format(before).is_none() {
        return Ok(());
    }
    Err(bad_chain(
        format!(
            "{name}: after format this step could change `prompt` or `completion`, which format has checked"
        ),
        &format!("put {name} before format"),
    ))
}

/// Whether `format` proves the column.
pub(crate) fn is_proven(name: &str) -> bool {
    name == PROMPT || name == COMPLETION
}
