//! `insert_space`: repairs collisions with a space in each match, only within text of columns.

use std::ops::Range;

use super::prove::RowSpan;
use super::render::{FieldSpan, Page};
use crate::record::turns::Span;

/// Appends a row of `from` to `to`, with a space in each match of `collisions`: after the first character of a match
/// within a field, else where the field begins or ends. A match without text of a column is kept.
pub(super) fn insert_spaces(from: &Page, row: &RowSpan, collisions: &[Range<usize>], to: &mut Page) {
    let fields = from.fields_of(row);
    let mut spaces: Vec<usize> =
        collisions.iter().filter_map(|hit| breaking_point(from.text(), fields, hit)).collect();
    spaces.sort_unstable();
    spaces.dedup();

    let start = to.text().len();
    for part in row.parts(&from.spans) {
        let mut copied = part.start;
        // A space is never at the end of a row; one between prompt and completion belongs to the completion.
        for &space in spaces.iter().filter(|space| part.contains(space)) {
            to.write(&String::from_utf8_lossy(&from.text()[copied..space]));
            to.write(" ");
            copied = space;
        }
        to.write(&String::from_utf8_lossy(&from.text()[copied..part.end]));
        to.end_part();
    }

    // A space at the start or end of a field belongs to the field.
    let moved = |position: usize, spaces_before: usize| position - row.start + start + spaces_before;
    let before = |position: usize| moved(position, spaces.partition_point(|space| *space < position));
    let after = |position: usize| moved(position, spaces.partition_point(|space| *space <= position));
    let first_span = to.spans.len();
    // A space between a body and its mark belongs to the body, a space between two turns to the second.
    to.spans.extend(row.spans(&from.spans).map(|(range, span)| {
        let end = if span.from_data { after(range.end) } else { before(range.end) };
        Span { end: (end - start) as u32, ..*span }
    }));
    to.rows.push(RowSpan { start, end: to.text().len(), first_span, ..*row });
    let from_row = from.written.partition_point(|(at, _)| *at < row.start);
    let written = from.written[from_row..].iter().take_while(|(at, _)| *at < row.end);
    to.written.extend(written.map(|(at, mark)| (after(*at), *mark)));
    to.fields.extend(fields.iter().map(|f| FieldSpan { start: before(f.start), end: after(f.end), ..*f }));
}

fn breaking_point(text: &[u8], fields: &[FieldSpan], hit: &Range<usize>) -> Option<usize> {
    let field = fields.get(fields.partition_point(|f| f.end <= hit.start))?;
    if field.start >= hit.end {
        None
    } else if field.start > hit.start {
        Some(field.start)
    } else if field.end < hit.end {
        Some(field.end)
    } else {
        String::from_utf8_lossy(&text[hit.clone()]).chars().next().map(|first| hit.start + first.len_utf8())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::page_of;
    use super::super::{PromptFormat, Prover};
    use super::*;

    #[test]
    fn every_turn_of_a_longer_row_is_repaired() {
        let prover = Prover::new(&PromptFormat::new("{p}", "{c}", "##", "!!", None).unwrap());
        let from =
            page_of(&[["a##b", "##"], ["c!", "!!"], ["!d#", "##"], ["", "!!"], ["#", "##"], ["e!!", "!!"]]);
        let row = from.rows[0];
        let mut to = Page::new(0, 0, true);
        insert_spaces(&from, &row, &prover.all(&from.proven(), &row), &mut to);
        assert_eq!(str::from_utf8(to.text()).unwrap(), "a# #b##c! !! !d# ##!!# ##e! ! !!");
        assert_eq!(prover.prove(&to.proven()), []);
        let bodies = |page: &Page| -> Vec<String> {
            let bodies = page.rows[0].spans(&page.spans).filter(|(_, span)| span.from_data);
            bodies.map(|(range, _)| String::from_utf8_lossy(&page.text()[range]).replace(' ', "")).collect()
        };
        assert_eq!(bodies(&to), bodies(&from));
        assert_eq!(to.into_views().iter().count(), 6);
    }
}
