//! Rows and bytes by split.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::UInt8Type;

use crate::arrow_result::ArrowResult;
use crate::error::Result;
use crate::record::schema::{SPLIT, is_hidden};
use crate::record::size::row_bytes;

/// Rows and bytes of content, by the number of the split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totals {
    pub(crate) rows: Vec<u64>,
    pub(crate) bytes: Vec<u64>,
}

impl Totals {
    /// Zeros for `splits` splits.
    pub(crate) fn none(splits: usize) -> Self {
        Totals { rows: vec![0; splits], bytes: vec![0; splits] }
    }

    /// Counts a row.
    pub(crate) fn add(&mut self, split: usize, bytes: u64) {
        self.rows[split] += 1;
        self.bytes[split] += bytes;
    }

    /// Counts the rows for which `is_counted` is true, with the bytes of the columns that are not hidden.
    pub(crate) fn add_rows(
        &mut self,
        records: &RecordBatch,
        is_counted: impl Fn(usize) -> bool,
    ) -> Result<()> {
        let fields = records.schema();
        let is_visible = |i: &usize| !is_hidden(fields.field(*i).name());
        let visible: Vec<usize> = (0..fields.fields().len()).filter(is_visible).collect();
        let splits = records.column_by_name(SPLIT).map(|c| c.as_primitive::<UInt8Type>());
        for (i, size) in row_bytes(&records.project(&visible).or_defect()?).into_iter().enumerate() {
            if is_counted(i) {
                self.add(splits.map_or(0, |s| usize::from(s.value(i))), size);
            }
        }
        Ok(())
    }

    /// Adds the counts of `other`.
    pub(crate) fn merge(&mut self, other: &Totals) {
        let add = |sums: &mut Vec<u64>, more: &[u64]| sums.iter_mut().zip(more).for_each(|(a, m)| *a += m);
        add(&mut self.rows, &other.rows);
        add(&mut self.bytes, &other.bytes);
    }
}
