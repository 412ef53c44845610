//! Examples that show where a row begins and ends.

use super::excerpt::Excerpt;
use super::masked::Mask;
use super::row::{Match, Row, Text};
use super::tally::Example;
use crate::record::Place;

/// The start of the last question, or of the answer where there is none.
pub(super) fn start_example(
    place: Place,
    row: &Row<'_>,
    other: Option<Place>,
    mask: &Mask,
) -> Option<Example> {
    let (text, said) = row.question().next().or_else(|| row.answer()).or_else(|| {
        let first = row.texts.first()?;
        Some((0, first.text))
    })?;
    let Text { speaker, turn, .. } = row.texts[text];
    let mut personal = Vec::new();
    mask.find(said, &mut personal);
    let excerpt = Excerpt::start_of(said, &personal);
    Some(Example { place, speaker: speaker.name().into(), turn, excerpt, other })
}

/// The end of the last question or of the answer.
pub(super) fn end_example(place: Place, row: &Row<'_>, is_prompt: bool, mask: &Mask) -> Option<Example> {
    let (text, said) = if is_prompt { row.question().last()? } else { row.answer()? };
    let start = said.char_indices().rev().nth(7).map_or(0, |(start, _)| start);
    Some(Example::new(place, row, Match { text, start, end: said.len() }, mask))
}
