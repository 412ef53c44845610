//! Helpers for the tests of this module.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringViewArray};

use super::prove::RowSpan;
use super::render::{FieldSpan, Page};
use super::{FormatOptions, FormatStage, OnCollision, PromptFormat};
use crate::flow::Map;
use crate::record::turns::Role;
use crate::record::{Batch, Places};
use crate::report::StepCounts;

/// A batch of text columns, rows numbered from 0.
pub(crate) fn batch(columns: &[(&str, &[Option<&str>])]) -> Batch {
    let arrays = columns.iter().map(|(name, values)| {
        (name.to_string(), Arc::new(StringViewArray::from_iter(values.iter().copied())) as ArrayRef)
    });
    of_records(RecordBatch::try_from_iter(arrays).unwrap())
}

pub(crate) fn of_records(records: RecordBatch) -> Batch {
    let places = Places::numbered(0, 0, records.num_rows());
    Batch::new(records, places)
}

/// A page of one row. Each turn is a body, from one column, and a mark; every second turn is trained on.
pub(crate) fn page_of(turns: &[[&str; 2]]) -> Page {
    let mut page = Page::new(1, 0, true);
    for (i, [body, mark]) in turns.iter().enumerate() {
        let start = page.text().len();
        page.write(body);
        let end = page.text().len();
        page.fields.extend((end > start).then_some(FieldSpan { column: 0, start, end }));
        page.write(mark);
        page.end_part();
        page.push_turn(if i % 2 == 0 { Role::Prompt } else { Role::Completion }, 0, end);
    }
    let (end, spans) = (page.text().len(), page.spans.len());
    page.rows.push(RowSpan { row: 0, start: 0, end, first_span: 0, spans });
    page
}

/// The texts of a column.
pub(crate) fn texts<'b>(batch: &'b Batch, column: &str) -> Vec<&'b str> {
    batch.records.column_by_name(column).unwrap().as_string_view().iter().map(Option::unwrap).collect()
}

pub(crate) const SEPARATOR: &str = "\n##\n";
pub(crate) const STOP: &str = "\n###\n";

pub(crate) fn stage(prompt: &str, completion: &str, options: FormatOptions) -> FormatStage {
    FormatStage::new(PromptFormat::new(prompt, completion, SEPARATOR, STOP, None).unwrap(), options).unwrap()
}

pub(crate) fn run(stage: &FormatStage, batch: Batch) -> (Batch, StepCounts) {
    let mut counts = StepCounts::default();
    let rows = batch.rows() as u64;
    let batch = stage.map(batch, &mut counts).unwrap();
    assert_eq!(rows, batch.rows() as u64 + counts.removed_rows(), "rows are lost");
    assert_eq!(batch.places.rows.len(), batch.rows());
    (batch, counts)
}

pub(crate) fn pairs(batch: &Batch) -> Vec<(String, String)> {
    let columns = [texts(batch, "prompt"), texts(batch, "completion")];
    columns[0].iter().zip(&columns[1]).map(|(p, c)| (p.to_string(), c.to_string())).collect()
}

/// Code, row and detail of each reject.
pub(crate) fn rejects(batch: &Batch) -> Vec<(&'static str, u64, &str)> {
    batch.rejects.iter().map(|r| (r.code, r.place.row, r.detail.as_str())).collect()
}

pub(crate) fn names(batch: &Batch) -> Vec<String> {
    batch.records.schema_ref().fields().iter().map(|f| f.name().clone()).collect()
}

pub(crate) fn on_collision(on_collision: OnCollision) -> FormatOptions {
    FormatOptions { on_collision, ..FormatOptions::default() }
}
