//! Keys of dialogues: of the last answer, and of all that is before it.

use super::cells_of_batch::PartCells;
use super::dialect::Dialect;
use super::dialogue::{Dialogue, Role, TextKind, Turn};
use super::part_columns::PartColumns;
use crate::error::Result;
use crate::flow::Map;
use crate::hash;
use crate::record::schema::{ANSWER, GROUP};
use crate::record::turns::Branch;
use crate::record::{Batch, with_keys};
use crate::report::StepCounts;

/// Adds two hidden keys: of the last answer of a row, and of all that is before it, tools included. A row that has no
/// answer, or one of several by design, or that the dialect does not read, is unlike all others.
pub(crate) struct AnswerKeyStage {
    pub(crate) dialect: &'static dyn Dialect,
    /// The column of each part.
    pub(crate) columns: PartColumns,
}

impl Map for AnswerKeyStage {
    fn map(&self, batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        let parts = PartCells::new(&batch.records, &self.columns)?;
        let (mut prompts, mut answers) = (Vec::new(), Vec::new());
        for index in 0..batch.rows() {
            let row = parts.row(index);
            let keys = self.dialect.read(&row).ok().and_then(|dialogue| keys(&dialogue));
            let (prompt, answer) = keys.unwrap_or_else(|| {
                let place = batch.places.at(index);
                let own = [u128::from(place.file), u128::from(place.row), u128::from(u64::MAX)];
                (hash::key(own), 0)
            });
            prompts.extend(prompt.to_be_bytes());
            answers.extend(answer.to_be_bytes());
        }
        with_keys(with_keys(batch, GROUP, prompts)?, ANSWER, answers)
    }
}

/// The keys of what is before the answer, and of the answer; none without an answer.
fn keys(dialogue: &Dialogue<'_>) -> Option<(u128, u128)> {
    // Preferences and rated answers have several answers to a prompt by design.
    let is_one_of_several =
        dialogue.label.is_some() || dialogue.turns.iter().any(|turn| turn.branch != Branch::Main);
    if is_one_of_several {
        return None;
    }
    let is_answer = |turn: &Turn<'_>| turn.role == Role::Assistant;
    let last = dialogue.turns.iter().rposition(is_answer)?;
    let (before, answer) = dialogue.turns.split_at(last);
    let tools = hash::field(dialogue.tools.as_deref().map(str::as_bytes));
    let prompt = hash::key(before.iter().map(turn_key).chain([tools]));
    Some((prompt, hash::key(answer.iter().map(turn_key))))
}

/// The key of a turn: all of it but its weight.
fn turn_key(turn: &Turn<'_>) -> u128 {
    let text = |text: &str| hash::field(Some(text.as_bytes()));
    let optional = |text: Option<&str>| hash::field(text.map(str::as_bytes));
    let texts = turn.texts.iter().flat_map(|said| {
        let kind = if said.kind == TextKind::Text { "text" } else { "reasoning" };
        [text(kind), text(&said.text)]
    });
    let calls = turn
        .calls
        .iter()
        .flat_map(|call| [text("call"), text(&call.name), optional(call.arguments.as_deref())]);
    let own = [text(turn.role.name()), optional(turn.name.as_deref())];
    hash::key(own.into_iter().chain(texts).chain(calls))
}
