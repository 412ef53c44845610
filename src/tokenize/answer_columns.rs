//! Builds the columns of ids of rows with preferences.

use std::sync::Arc;

use arrow::array::{Int32Array, ListArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field};

use crate::arrow_result::ArrowResult;
use crate::error::{Error, Result};
use crate::record::{Answers, Batch, schema};

/// The columns of the rows so far, in the order of [`Answers::tokenized`].
pub(super) struct AnswerLists(Vec<(&'static str, Lists)>);

/// Lists of ids.
struct Lists {
    values: Vec<i32>,
    offsets: Vec<i32>,
}

impl Lists {
    fn push(&mut self, row: &[i32]) -> Result<()> {
        self.values.extend_from_slice(row);
        let end = i32::try_from(self.values.len());
        self.offsets.push(end.map_err(|_| {
            let n = self.values.len();
            Error::internal(format!("a batch has {n} tokens; list<int32> holds fewer than 2³¹"))
        })?);
        Ok(())
    }
}

impl AnswerLists {
    /// Columns without rows.
    pub(super) fn new(answers: Answers) -> Self {
        let empty = |name: &&'static str| (*name, Lists { values: Vec::new(), offsets: vec![0] });
        AnswerLists(answers.tokenized().iter().map(empty).collect())
    }

    /// Adds a row: the ids of its prompt, and the ids and labels of each answer.
    pub(super) fn push<'r>(
        &mut self,
        prompt: &'r [i32],
        answers: impl Iterator<Item = (&'r [i32], &'r [i32])>,
    ) -> Result<()> {
        let row = std::iter::once(prompt).chain(answers.flat_map(|(ids, labels)| [ids, labels]));
        self.0.iter_mut().zip(row).try_for_each(|((_, lists), row)| lists.push(row))
    }

    /// The batch with the columns added.
    pub(super) fn add_to(self, batch: Batch) -> Result<Batch> {
        self.0.into_iter().try_fold(batch, |batch, (name, Lists { values, offsets })| {
            let item = Arc::new(Field::new("item", DataType::Int32, false));
            let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
            let column =
                ListArray::try_new(item, offsets, Arc::new(Int32Array::from(values)), None).or_defect()?;
            batch.with_column(schema::list(name, DataType::Int32), Arc::new(column))
        })
    }
}
