//! What several findings share.

use super::row::{Match, Row, Speaker};

/// The first text of the row for which `find` gives a part.
pub(crate) fn first_in(
    row: &Row<'_>,
    find: impl Fn(Speaker, &str) -> Option<(usize, usize)>,
) -> Option<Match> {
    row.texts.iter().enumerate().find_map(|(text, said)| {
        let (start, end) = find(said.speaker, said.text)?;
        Some(Match { text, start, end })
    })
}

/// Whether the text is one of the model, that it should give.
pub(crate) fn is_answer(row: &Row<'_>, text: usize) -> bool {
    row.texts[text].speaker == Speaker::Answer
}

/// Whether the text has exactly the literal, in its case.
pub(crate) fn is_exact(row: &Row<'_>, hit: &super::finding::Hit) -> bool {
    &row.texts[hit.found.text].text[hit.found.start..hit.found.end] == hit.literal
}
