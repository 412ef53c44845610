//! Collects a sample from batches.

use super::cells_of_batch::CellColumn;
use super::head::{Head, HeadRow};
use crate::error::Result;
use crate::record::{Batch, Place, schema};

/// The rows of a sample so far.
#[derive(Default)]
pub(crate) struct HeadRows {
    names: Vec<String>,
    rows: Vec<HeadRow>,
    unreadable: Vec<(Place, String)>,
    bytes: usize,
}

impl HeadRows {
    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The bytes of their values.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds the first rows of a batch, at most `rows` rows and about `bytes` bytes. All batches have the same columns.
    pub(crate) fn add(&mut self, batch: &Batch, rows: usize, bytes: usize) -> Result<()> {
        let (records, end) = (batch.records.schema(), self.bytes.saturating_add(bytes));
        let visible: Vec<usize> =
            (0..records.fields().len()).filter(|i| !schema::is_hidden(records.field(*i).name())).collect();
        self.names = visible.iter().map(|i| records.field(*i).name().clone()).collect();
        let column = |i: &usize| CellColumn::new(&records.fields()[*i], batch.records.column(*i));
        let columns = visible.iter().map(column).collect::<Result<Vec<_>>>()?;
        let before = self.rows.len();
        for row in 0..batch.rows().min(rows) {
            let cells: Vec<_> = columns.iter().map(|column| column.get(row).into_owned()).collect();
            self.bytes += cells.iter().map(|cell| cell.bytes()).sum::<usize>();
            self.rows.push(HeadRow { place: batch.places.at(row), cells });
            if self.bytes >= end {
                break;
            }
        }
        let last = self.rows.last().map(|row| row.place);
        let is_whole = self.rows.len() - before == batch.rows();
        let is_before = |place: Place| is_whole || last.is_none_or(|last| place <= last);
        let rejects = batch.rejects.iter().filter(|reject| is_before(reject.place));
        self.unreadable
            .extend(rejects.map(|reject| (reject.place, format!("{}: {}", reject.code, reject.detail))));
        Ok(())
    }

    /// The sample.
    pub(crate) fn finish(self) -> Head {
        Head::new(self.names, self.rows, self.unreadable)
    }
}
