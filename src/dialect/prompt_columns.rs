//! Columns that belong to the prompt of a row with preferences, beside the prompt itself: an input, the system, earlier
//! turns.

use std::borrow::Cow;

use super::alpaca;
use super::cell::Row;
use super::dialect::{Holds, PartSpec};
use super::dialogue::{Role, Said, TextKind, Turn};
use super::misfit::Misfit;
use super::sharegpt;

const INPUT: &str = "input";
/// A text that belongs to the question.
pub(super) const INPUT_PART: PartSpec = PartSpec::optional(INPUT, Holds::Text, &["input", "context"]);
/// Instructions.
pub(super) const SYSTEM_PART: PartSpec =
    PartSpec::optional("system", Holds::Text, &["system", "system_prompt"]);
/// Earlier questions, each with its answer.
pub(super) const HISTORY_PART: PartSpec = PartSpec::optional("history", Holds::Any, &["history"]);

/// The turns of a row with those of these columns. The input is in the last turn of the person, after an empty line; it is
/// none beside messages.
///
/// # Errors
/// What cannot belong to such a prompt.
pub(super) fn around<'r>(row: &'r Row<'_>, mut turns: Vec<Turn<'r>>) -> Result<Vec<Turn<'r>>, Misfit> {
    let is_text = |turn: &Turn<'_>| turn.given.is_none() && turn.calls.is_empty();
    let users = turns.iter().filter(|turn| turn.role == Role::User).count();
    let input = row.get(INPUT);
    if !input.is_empty() {
        let text = input.text().ok_or_else(|| Misfit::of(INPUT, input, "text"))?;
        let asked = turns.iter_mut().find(|turn| turn.role == Role::User && is_text(turn));
        match asked {
            Some(turn) if users == 1 => join(turn, text),
            _ => return Err(Misfit::of(INPUT, input, "nothing beside messages")),
        }
    }
    let history = row.get("history");
    if !history.is_empty() && (users != 1 || !turns.iter().all(is_text)) {
        return Err(Misfit::of("history", history, "nothing beside messages"));
    }
    let mut before: Vec<Turn<'r>> = Vec::new();
    if let Some(system) = sharegpt::system(row)? {
        // Some data sets have it in both places.
        let is_there =
            turns.first().is_some_and(|turn| turn.role == Role::System && turn.texts == system.texts);
        before.extend((!is_there).then_some(system));
    }
    if !history.is_empty() {
        before.extend(alpaca::history(row)?);
    }
    turns.splice(0..0, before);
    Ok(turns)
}

/// Joins a text to those of a turn, by an empty line.
fn join(turn: &mut Turn<'_>, text: &str) {
    let said = turn.texts.iter().map(|said| said.text.as_ref()).chain([text]);
    let text = Cow::Owned(said.collect::<Vec<_>>().join("\n\n"));
    turn.texts = vec![Said { kind: TextKind::Text, text }];
}
