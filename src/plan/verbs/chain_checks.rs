//! Checks of the order of steps.

use crate::error::{Class, Error, Result};
use crate::plan::step::{Step, answers, conversations, prompt_format};
use crate::record::Answers;
use crate::record::schema::{CHAT_TEXT, COMPLETION, PROMPT, SPANS};

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
    if !changes || !is_rendered(before) {
        return Ok(());
    }
    let texts: Vec<String> = proven(before).iter().map(|name| format!("`{name}`")).collect();
    Err(bad_chain(
        format!(
            "{name}: after format this step could change {}, which format has checked",
            texts.join(" or ")
        ),
        &format!("put {name} before format"),
    ))
}

/// Whether one of these steps renders rows.
pub(crate) fn is_rendered(steps: &[Step]) -> bool {
    prompt_format(steps).is_some() || conversations(steps).is_some()
}

/// Whether the `format` among the steps before proves the column.
pub(crate) fn is_proven(before: &[Step], name: &str) -> bool {
    proven(before).contains(&name)
}

/// The columns that `format` proves.
fn proven(before: &[Step]) -> &'static [&'static str] {
    match answers(before) {
        Answers::One if conversations(before).is_some() => &[CHAT_TEXT, SPANS],
        Answers::One => &[PROMPT, COMPLETION],
        preferences => preferences.rendered(),
    }
}

/// Rejects a step for rows of one answer to be learnt, where they have preferences. `or` is added to the help.
pub(crate) fn check_one_answer(name: &str, answers: Answers, or: &str) -> Result<()> {
    match answers {
        Answers::One => Ok(()),
        Answers::Pair | Answers::Labelled => Err(bad_chain(
            format!("{name}: the rows have preferences, of which {name} knows nothing"),
            &format!("leave {name} out{or}"),
        )),
    }
}
