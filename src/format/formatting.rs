//! Formats one batch: renders the rows, examines and repairs them, and builds the columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray, FixedSizeBinaryArray, RecordBatch, StringViewArray};
use arrow::buffer::Buffer;
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Field, Schema};

use super::formatter::Formatter;
use super::insert_space::insert_spaces;
use super::marks::Mark;
use super::on_collision::OnCollision;
use super::prompt_key::prompt_key;
use super::prove::{Collision, RowSpan};
use super::render::{Page, Values, value};
use super::special_tokens::Hit;
use crate::arrow_result::ArrowResult;
use crate::error::{Class, Error, Result};
use crate::record::{Batch, Place, Places, Policy, Removal, SpecialPolicy, finding, reason, schema};
use crate::report::StepCounts;
use crate::word::Word;

/// How the rows of a page were repaired. A later page has the repaired rows of an earlier one; each repair is tried
/// once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repair {
    None,
    Stripped,
    Spaced,
}

/// The state while one batch is formatted.
pub(super) struct Formatting<'a> {
    formatter: &'a Formatter,
    places: &'a Places,
    counts: &'a mut StepCounts,
    values: Values,
    pages: Vec<(Repair, Page)>,
    /// For each row, its page and its index in the page; none for a removed row.
    rows: Vec<Option<(usize, usize)>>,
    removals: Vec<(Policy, Removal)>,
    /// By row, the value of the hidden column [`schema::AS_TEXT`].
    as_text: BTreeMap<usize, Vec<u8>>,
}

/// The result of formatting a batch.
pub(super) struct Formatted {
    /// The removed rows, in order.
    pub(crate) removals: Vec<(Policy, Removal)>,
    /// The new columns, of the rows that are kept.
    pub(crate) columns: Vec<(Field, ArrayRef)>,
    /// The rows that are kept and that a space has repaired.
    pub(crate) spaced: Vec<usize>,
}

/// Counts rows that a space has repaired.
pub(super) fn count_spaced(rows: &[usize], places: &Places, counts: &mut StepCounts) {
    if let Some(first) = places.earliest(rows.iter().copied()) {
        counts.add_named_finding(finding::FIXED, "insert_space", first, rows.len() as u64);
    }
}

impl Formatted {
    /// The new columns as a record batch.
    pub(crate) fn records(self) -> Result<RecordBatch> {
        let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = self.columns.into_iter().unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).or_defect()
    }

    /// Removes rows from the batch, puts the new columns first and the hidden ones last, and removes the columns
    /// `consumed`.
    pub(crate) fn apply(self, batch: Batch, consumed: &[String], counts: &mut StepCounts) -> Result<Batch> {
        count_spaced(&self.spaced, &batch.places, counts);
        let mut batch = batch.remove_each(self.removals, counts)?;
        let (hidden, new): (Vec<_>, Vec<_>) =
            self.columns.into_iter().partition(|(f, _)| schema::is_hidden(f.name()));
        let (mut fields, mut columns): (Vec<_>, Vec<_>) =
            new.into_iter().map(|(f, c)| (Arc::new(f), c)).unzip();
        for (field, column) in batch.records.schema_ref().fields().iter().zip(batch.records.columns()) {
            let name = field.name();
            if !(consumed.contains(name) || name == schema::PROMPT || name == schema::COMPLETION) {
                fields.push(Arc::clone(field));
                columns.push(Arc::clone(column));
            }
        }
        batch.records = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).or_defect()?;
        hidden.into_iter().try_fold(batch, |batch, (field, column)| batch.with_column(field, column))
    }
}

impl<'a> Formatting<'a> {
    /// Renders and examines all rows of the batch.
    pub(crate) fn run(
        formatter: &'a Formatter,
        batch: &'a Batch,
        counts: &'a mut StepCounts,
    ) -> Result<Formatted> {
        let mut formatting = Formatting {
            values: formatter.renderer.values(batch)?,
            formatter,
            places: &batch.places,
            counts,
            pages: vec![],
            rows: vec![None; batch.rows()],
            removals: vec![],
            as_text: BTreeMap::new(),
        };
        formatting.render()?;
        // Examining a page may append pages of repaired rows.
        let mut next = 0;
        while let Some((repair, page)) = formatting.pages.get_mut(next) {
            let (repair, page) = (*repair, std::mem::replace(page, Page::new(0, 0, false)));
            formatting.examine(next, repair, &page);
            formatting.pages[next].1 = page;
            next += 1;
        }
        formatting.finish()
    }

    fn render(&mut self) -> Result<()> {
        let (renderer, limit) = (&self.formatter.renderer, self.formatter.page_bytes);
        let bytes = renderer.size(&self.values, self.rows.len()).min(limit);
        let has_gaps = self.values.iter().any(|v| v.as_ref().is_none_or(|array| array.null_count() > 0));
        for row in 0..self.rows.len() {
            if has_gaps && let Some(column) = renderer.missing(|column| value(&self.values, column, row)) {
                let name = &renderer.columns[column].name;
                let detail = format!("column `{name}` is absent or null");
                self.remove(row, Policy::Reject, reason::MISSING_FIELD, Some(name.clone()), detail);
                continue;
            }
            let at = self.open_page(Repair::None, self.rows.len(), bytes);
            let page = &mut self.pages[at].1;
            let start = page.text().len();
            renderer.push(page, row, |column| value(&self.values, column, row));
            self.rows[row] = Some((at, page.rows.len() - 1));
            if page.text().len() - start > limit {
                return Err(self.too_long(row));
            }
        }
        Ok(())
    }

    /// The page for the next row with this repair: the last, or a new page if the last is full or has another repair.
    fn open_page(&mut self, repair: Repair, rows: usize, bytes: usize) -> usize {
        let open = self
            .pages
            .last()
            .is_some_and(|(r, p)| *r == repair && p.text().len() < self.formatter.page_bytes);
        if !open {
            self.pages.push((repair, Page::new(rows, bytes, self.formatter.with_fields)));
        }
        self.pages.len() - 1
    }

    fn examine(&mut self, at: usize, repair: Repair, page: &Page) {
        self.special_tokens(at, repair, page);
        for (i, row) in page.rows.iter().enumerate() {
            if self.rows[row.row] != Some((at, i)) {
                continue;
            }
            let blank = row.spans(&page.spans).find(|(range, span)| {
                let may_not_be_blank =
                    span.from_data && (span.trained || self.formatter.prompt_may_not_be_blank);
                may_not_be_blank && is_blank(&page.text()[range.clone()])
            });
            if let Some((_, span)) = blank {
                let code = if span.trained { reason::EMPTY_COMPLETION } else { reason::EMPTY_PROMPT };
                let detail = format!("the {} is blank", span.role.name());
                self.remove(row.row, Policy::Reject, code, None, detail);
            }
        }
        for (i, collision) in self.formatter.prover.prove(&page.proven()) {
            let row = page.rows[i];
            if self.rows[row.row] == Some((at, i)) {
                self.collision(repair, page, &row, collision);
            }
        }
    }

    fn special_tokens(&mut self, at: usize, repair: Repair, page: &Page) {
        let Some((scanner, policy)) = &self.formatter.special else { return };
        let mut found: BTreeMap<(&'static str, &str), (Place, u64)> = BTreeMap::new();
        let mut find = |code, token, row: &RowSpan| {
            let place = self.places.at(row.row);
            let (first, count) = found.entry((code, token)).or_insert((place, 0));
            (*first, *count) = (place.min(*first), *count + 1);
        };
        for hit in scanner.scan_foreign(page) {
            find(finding::FOREIGN_CONTROL_TOKEN, scanner.foreign_token(&hit), &page.rows[hit.index]);
        }
        for hit in scanner.scan(page) {
            let row = page.rows[hit.index];
            find(finding::SPECIAL_TOKEN_IN_TEXT, scanner.token(&hit), &row);
            if self.rows[row.row] != Some((at, hit.index)) {
                continue;
            }
            match *policy {
                SpecialPolicy::AsToken => {}
                SpecialPolicy::AsText => {
                    let spans = self.as_text.entry(row.row).or_default();
                    for end in [hit.span.start, hit.span.end] {
                        // A page is far shorter than 4 GiB.
                        spans.extend_from_slice(&((end - row.start) as u32).to_le_bytes());
                    }
                }
                SpecialPolicy::Strip if repair == Repair::None => self.strip(row.row),
                SpecialPolicy::Strip => {
                    self.special_token(&hit, &row, Policy::Reject, "; strip does not help")
                }
                SpecialPolicy::Remove(policy) => self.special_token(&hit, &row, policy, ""),
            }
        }
        // A repaired row was counted before it was repaired.
        if repair == Repair::None {
            for ((code, token), (first, count)) in found {
                self.counts.add_named_finding(code, token, first, count);
            }
        }
    }

    fn special_token(&mut self, hit: &Hit, row: &RowSpan, policy: Policy, note: &str) {
        let Some((scanner, _)) = &self.formatter.special else { return };
        let (token, column) = (scanner.token(hit), &self.formatter.renderer.columns[hit.field.column].name);
        let offset = hit.span.start.saturating_sub(hit.field.start);
        let detail = format!("control token {token:?} in column `{column}` at byte {offset}{note}");
        self.remove(row.row, policy, reason::SPECIAL_TOKEN_IN_TEXT, Some(column.clone()), detail);
    }

    /// Renders the row again from columns without control tokens.
    fn strip(&mut self, row: usize) {
        let Some((scanner, _)) = &self.formatter.special else { return };
        let stripped: Vec<Option<String>> = (0..self.values.len())
            .map(|column| value(&self.values, column, row).map(|text| scanner.strip(text)))
            .collect();
        let at = self.open_page(Repair::Stripped, 0, 0);
        let page = &mut self.pages[at].1;
        // No column is missing now: if stripping has made a column empty, the template needs fewer columns.
        self.formatter.renderer.push(page, row, |column| stripped[column].as_deref());
        self.rows[row] = Some((at, page.rows.len() - 1));
    }

    fn collision(&mut self, repair: Repair, page: &Page, row: &RowSpan, collision: Collision) {
        let (format, Collision { mark, offset, site }) = (&self.formatter.renderer.format, collision);
        let text = match mark {
            Mark::Separator => format.separator(),
            Mark::Stop => format.stop(),
        };
        let detail = format!("{} {text:?} at byte {offset} of the row, {site}", mark.name());
        match self.formatter.options.on_collision {
            OnCollision::Remove(policy) => self.remove(row.row, policy, mark.code(), None, detail),
            OnCollision::InsertSpace if repair == Repair::Spaced => {
                let detail = format!("{detail}; insert_space does not help");
                self.remove(row.row, Policy::Reject, mark.code(), None, detail);
            }
            OnCollision::InsertSpace => {
                let collisions = self.formatter.prover.all(&page.proven(), row);
                let at = self.open_page(Repair::Spaced, 0, 0);
                let to = &mut self.pages[at].1;
                insert_spaces(page, row, &collisions, to);
                self.rows[row.row] = Some((at, to.rows.len() - 1));
                self.as_text.remove(&row.row);
            }
        }
    }

    fn remove(
        &mut self,
        index: usize,
        policy: Policy,
        code: &'static str,
        column: Option<String>,
        detail: String,
    ) {
        self.rows[index] = None;
        self.removals.push((policy, Removal { index, code, column, detail }));
    }

    fn finish(mut self) -> Result<Formatted> {
        let is_spaced =
            |row: &usize| self.rows[*row].is_some_and(|(page, _)| self.pages[page].0 == Repair::Spaced);
        let spaced = (0..self.rows.len()).filter(is_spaced).collect();
        let kept = || self.rows.iter().enumerate().filter_map(|(row, place)| Some((row, (*place)?)));
        let mut columns = vec![];

        if self.formatter.options.prompt_key {
            let key = |(page, i): (usize, usize)| {
                let page = &self.pages[page].1;
                let (prompt, completion) = (page.body(&page.rows[i], false), page.body(&page.rows[i], true));
                prompt_key(&self.formatter.renderer.format, prompt, completion)
            };
            let keys: Vec<u8> = kept().flat_map(|(_, at)| key(at).to_be_bytes()).collect();
            let keys = FixedSizeBinaryArray::try_new(16, Buffer::from(keys), None).or_defect()?;
            let field = Field::new(schema::PROMPT_KEY, DataType::FixedSizeBinary(16), false);
            columns.push((field, Arc::new(keys) as ArrayRef));
        }
        if let Some((_, SpecialPolicy::AsText)) = &self.formatter.special {
            let spans = BinaryArray::from_iter(kept().map(|(row, _)| self.as_text.get(&row)));
            columns.push((Field::new(schema::AS_TEXT, DataType::Binary, true), Arc::new(spans)));
        }

        let rows = self.rows.iter().flatten().count();
        let (mut prompts, mut completions) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        for (_, (page, i)) in kept() {
            prompts.push((page, 2 * i));
            completions.push((page, 2 * i + 1));
        }
        let mut pages: Vec<_> = self.pages.into_iter().map(|(_, page)| page.into_views()).collect();
        if pages.is_empty() {
            pages.push(StringViewArray::new_null(0));
        }
        let pages: Vec<&dyn Array> = pages.iter().map(|page| page as _).collect();
        columns.push((schema::text(schema::PROMPT), interleave(&pages, &prompts).or_too_large()?));
        columns.push((schema::text(schema::COMPLETION), interleave(&pages, &completions).or_too_large()?));
        self.removals.sort_by_key(|(_, removal)| removal.index);
        Ok(Formatted { removals: self.removals, columns, spaced })
    }

    #[cold]
    fn too_long(&self, row: usize) -> Error {
        let place = self.places.at(row);
        let message = format!("the text of a row is longer than {} bytes", self.formatter.page_bytes);
        Error::new(Class::Data, "row_too_large", message).file(place.file).row(place.row).line(place.line)
    }
}

/// Whether the text is empty or only Unicode white space.
fn is_blank(text: &[u8]) -> bool {
    let blank =
        |text: &[u8]| text.utf8_chunks().next().is_none_or(|chunk| chunk.valid().trim_start().is_empty());
    // The start of a text nearly always decides, without decoding the rest.
    !text.first().is_some_and(u8::is_ascii_graphic) && blank(&text[..text.len().min(16)]) && blank(text)
}
