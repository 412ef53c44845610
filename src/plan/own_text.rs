//! What a format writes around the texts of rows, as `inspect` leaves it out.

use super::sources_and_steps::Plan;
use super::step::Step;
use super::verbs::Format;
use crate::artifact::Manifest;
use crate::dialect::PartColumns;
use crate::format::{PromptFormat, Template};
use crate::inspect::{OwnPart, OwnText};
use crate::record::Answers;
use crate::record::schema::{COMPLETION, PROMPT};

/// What the format wrote around the texts of rows in these columns: that of the plan, or that of the prepared folders
/// that the rows are read from, if all have the same.
pub(super) fn own_text(plan: &Plan, folders: &[Option<Manifest>], columns: &PartColumns) -> Option<OwnText> {
    let rendered = [&[PROMPT, COMPLETION], Answers::Pair.rendered(), Answers::Labelled.rendered()];
    let is_rendered =
        |names: &&[&str]| columns.iter().map(|(_, column)| column.as_str()).eq(names.iter().copied());
    if !rendered.iter().any(is_rendered) {
        return None;
    }
    if let Some(step) = plan.steps.iter().find_map(Step::get::<Format>) {
        return Some(of_format(&step.format));
    }
    let format = &folders.first()?.as_ref()?.format;
    let is_same = |folder: &Option<Manifest>| folder.as_ref().is_some_and(|other| other.format == *format);
    // Rows of a chat template are no pairs.
    let format = folders.iter().all(is_same).then(|| PromptFormat::from_json(&format.to_string()).ok());
    format.flatten().map(|format| of_format(&format))
}

fn of_format(format: &PromptFormat) -> OwnText {
    let part = |template: &Template, mark: &str| {
        OwnPart::new((template.head(), template.tail()), mark, template.literals())
    };
    OwnText {
        prompt: part(format.prompt(), format.separator()),
        answer: part(format.completion(), format.stop()),
    }
}
