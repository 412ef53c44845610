//! The columns of rows with preferences.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, RecordBatch, StringViewArray};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};

use super::row::AnswersRow;
use crate::arrow_result::ArrowResult;
use crate::error::{Error, Result};
use crate::record::turns::{Branch, Span};
use crate::record::{Answers, Batch, encode_turns, schema};

/// Adds the columns of these rows to a batch that has just these rows: first the visible ones, last the hidden ones. The
/// columns `consumed` are removed. `keys` decide the split of the rows.
pub(super) fn add(
    batch: Batch,
    rows: &[AnswersRow],
    answers: Answers,
    keys: Option<&[u128]>,
    consumed: &[String],
) -> Result<Batch> {
    if rows.len() != batch.rows() {
        return Err(Error::internal("rows with preferences were lost"));
    }
    let records = &batch.records;
    let old = records.schema_ref().fields().iter().zip(records.columns());
    let is_replaced = |name: &String| consumed.contains(name) || answers.rendered().contains(&name.as_str());
    let old = old.filter(|(field, _)| !is_replaced(field.name()));
    let old = old.map(|(field, column)| (Arc::clone(field), Arc::clone(column)));
    let new = visible(rows, answers).into_iter().map(|(field, column)| (Arc::new(field), column));
    let (fields, columns): (Vec<FieldRef>, Vec<ArrayRef>) = new.chain(old).unzip();
    let mut batch = batch;
    batch.records = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).or_defect()?;
    let texts: Vec<(&str, &[Span])> =
        rows.iter().map(|row| (row.text.as_str(), row.spans.as_slice())).collect();
    for (field, column) in encode_turns::columns(&texts, false)? {
        batch = batch.with_column(field, column)?;
    }
    if let Some(keys) = keys {
        let bytes: Vec<u8> = keys.iter().flat_map(|key| key.to_be_bytes()).collect();
        let keys = FixedSizeBinaryArray::try_new(16, Buffer::from(bytes), None).or_defect()?;
        let field = Field::new(schema::PROMPT_KEY, DataType::FixedSizeBinary(16), false);
        batch = batch.with_column(field, Arc::new(keys))?;
    }
    let plain = BinaryArray::from_iter(rows.iter().map(|row| row.as_text.as_deref()));
    batch.with_column(Field::new(schema::AS_TEXT, DataType::Binary, true), Arc::new(plain))
}

fn visible(rows: &[AnswersRow], answers: Answers) -> Vec<(Field, ArrayRef)> {
    let prompts = StringViewArray::from_iter_values(rows.iter().map(|row| &row.text[..row.prompt]));
    let mut columns: Vec<(Field, ArrayRef)> = vec![(schema::text(schema::PROMPT), Arc::new(prompts))];
    for (i, column) in answers.each().iter().enumerate() {
        let texts = rows.iter().map(|row| {
            let end = |i: usize| row.answers.get(i).map_or(row.prompt, |(_, end)| *end);
            let start = i.checked_sub(1).map_or(row.prompt, end);
            row.text.get(start..end(i))
        });
        let texts = StringViewArray::from_iter(texts);
        columns.push((schema::text(column.text), Arc::new(texts)));
    }
    if answers == Answers::Labelled {
        let labels = rows.iter().map(|row| row.answers.first().map(|(branch, _)| *branch == Branch::Chosen));
        let labels = BooleanArray::from_iter(labels);
        columns.push((Field::new(schema::LABEL, DataType::Boolean, true), Arc::new(labels)));
    }
    columns
}
