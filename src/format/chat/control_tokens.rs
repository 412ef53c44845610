//! Control tokens, and the marks that the template itself writes, in the data of conversations.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::chat::TrainingRow;
use crate::format::prove::RowSpan;
use crate::format::render::{FieldSpan, Page};
use crate::format::special_tokens::{Hit, Scanner};
use crate::record::turns::{Role, Span};
use crate::record::{Place, Places, Policy, Removal, SpecialPolicy, finding, reason};
use crate::report::StepCounts;
use crate::word::Word;

/// A rendered row of a batch, by its index there.
pub(in crate::format) type Made = (usize, TrainingRow);

/// What was found: the value of [`crate::record::schema::AS_TEXT`] of rows by index, and the rows to remove.
#[derive(Default)]
pub(in crate::format) struct Found {
    pub(in crate::format) as_text: BTreeMap<usize, Vec<u8>>,
    pub(in crate::format) removals: BTreeMap<usize, (Policy, Removal)>,
}

/// Searches the data of rows for control tokens of the tokenizer and of other models.
pub(super) fn scan(
    scanner: &Scanner,
    policy: SpecialPolicy,
    whole: bool,
    made: &[Made],
    places: &Places,
    counts: &mut StepCounts,
) -> Found {
    let mut found = Found::default();
    // Nearly no row has one: those that certainly have none are not looked at again.
    let may_hold = |(_, row): &&Made| scanner.may_touch(&row.text, from_data(&row.spans));
    let made: Vec<&Made> = made.iter().filter(may_hold).collect();
    if made.is_empty() {
        return found;
    }
    let page = page(&made, whole);
    let place = |hit: &Hit| places.at(page.rows[hit.index].row);
    for hit in scanner.scan_foreign(&page) {
        counts.add_named_finding(finding::FOREIGN_CONTROL_TOKEN, scanner.foreign_token(&hit), place(&hit), 1);
    }
    for hit in scanner.scan(&page) {
        let row = page.rows[hit.index];
        counts.add_named_finding(finding::SPECIAL_TOKEN_IN_TEXT, scanner.token(&hit), place(&hit), 1);
        match policy {
            SpecialPolicy::AsText => {
                let spans = found.as_text.entry(row.row).or_default();
                for end in [hit.span.start, hit.span.end] {
                    // A row is far shorter than 4 GiB.
                    spans.extend_from_slice(&((end - row.start) as u32).to_le_bytes());
                }
            }
            SpecialPolicy::Remove(policy) => {
                let detail = format!(
                    "control token {:?} in the data of the role {} at byte {} of the row",
                    scanner.token(&hit),
                    Role::ALL.get(hit.field.column).map_or("", |role| role.name()),
                    hit.span.start - row.start
                );
                let code = reason::SPECIAL_TOKEN_IN_TEXT;
                let removal = Removal { index: row.row, code, column: None, detail };
                found.removals.entry(row.row).or_insert((policy, removal));
            }
            // The plan refuses `strip` for conversations.
            SpecialPolicy::AsToken | SpecialPolicy::Strip => {}
        }
    }
    found
}

/// Where a text came from the data.
fn from_data(spans: &[Span]) -> impl Iterator<Item = Range<usize>> {
    let starts = std::iter::once(0).chain(spans.iter().map(|span| span.end as usize));
    let parts = starts.zip(spans).map(|(start, span)| (span.from_data, start..span.end as usize));
    parts.filter(|(from_data, _)| *from_data).map(|(_, part)| part)
}

/// The rows as one text. With `whole` the text of a row is one part.
fn page(made: &[&Made], whole: bool) -> Page {
    let bytes = made.iter().map(|(_, row)| row.text.len()).sum();
    let mut page = Page::new(made.len(), bytes, true);
    for (row, TrainingRow { text, spans, .. }) in made {
        let start = page.text().len();
        page.write(text);
        page.end_part();
        let mut from = start;
        for span in spans {
            let end = start + span.end as usize;
            if span.from_data && from < end {
                page.fields.push(FieldSpan { column: span.role as usize, start: from, end });
            }
            from = end;
        }
        let end = page.text().len();
        let first_span = page.spans.len();
        match spans.last().filter(|_| whole) {
            Some(last) => page.spans.push(*last),
            None => page.spans.extend_from_slice(spans),
        }
        let spans = page.spans.len() - first_span;
        page.rows.push(RowSpan { row: *row, start, end, first_span, spans });
    }
    page
}

/// Counts the tokens that end turns of a row where its data hold them.
pub(super) fn count_marks(row: &TrainingRow, place: Place, counts: &mut StepCounts) {
    let starts = std::iter::once(0).chain(row.spans.iter().map(|span| span.end as usize));
    let texts: Vec<(&str, &Span)> =
        starts.zip(&row.spans).map(|(start, span)| (&row.text[start..span.end as usize], span)).collect();
    let mut marks: Vec<&str> = Vec::new();
    for (i, (text, span)) in texts.iter().enumerate() {
        let ends_turn = texts.get(i + 1).is_none_or(|(_, next)| !next.is_in_turn());
        let mark = text.trim();
        if span.is_in_turn() && !span.from_data && ends_turn && !mark.is_empty() && !marks.contains(&mark) {
            marks.push(mark);
        }
    }
    for mark in marks {
        let data = texts.iter().filter(|(_, span)| span.from_data);
        let finder = memchr::memmem::Finder::new(mark);
        let times: usize = data.map(|(text, _)| finder.find_iter(text.as_bytes()).count()).sum();
        counts.add_named_finding(finding::TEMPLATE_MARK_IN_TEXT, mark, place, times as u64);
    }
}
