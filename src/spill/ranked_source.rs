//! Reads rows back from buckets, in the order of their ranks. Rows of one rank stay together and keep their order.

use std::ops::Range;

use arrow::array::RecordBatch;

use super::buckets::{BITS, Buckets, Part, Spill};
use crate::error::Result;
use crate::flow::{Cut, Piece};
use crate::limits::{BATCH_BYTES, BATCH_ROWS};
use crate::record::ranked::Ranked;

/// A range of ranked rows, not yet copied together.
#[derive(Clone)]
pub(crate) struct Picked {
    /// The number of the first row among all.
    pub first_row: u64,
    rows: Ranked,
    range: Range<usize>,
    row_bytes: usize,
}

impl Picked {
    /// The rows, copied together; their ranks are the last column.
    pub(crate) fn take(&self) -> Result<RecordBatch> {
        self.rows.take(self.range.clone())
    }
}

impl Piece for Picked {
    fn bytes(&self) -> usize {
        self.range.len() * self.row_bytes
    }

    fn until(&self, row: u64) -> Self {
        let rows = usize::try_from((row + 1).saturating_sub(self.first_row)).unwrap_or(usize::MAX);
        let end = self.range.start + rows.min(self.range.len());
        Picked { range: self.range.start..end, ..self.clone() }
    }
}

/// Returns all rows in the order of their ranks, which are the last column. A piece never ends within a rank.
pub(crate) struct RankedSource {
    spill: Spill,
    /// Parts that are still to be read; the next one is the last.
    parts: Vec<Part>,
    sorted: Option<Sorted>,
    row: u64,
}

/// The rows of one part, sorted.
struct Sorted {
    all: Ranked,
    /// The next row to return.
    next: usize,
    row_bytes: usize,
}

impl Sorted {
    /// The end of the next `rows` rows, and of those that share the rank of the last.
    fn end(&self, rows: usize) -> usize {
        let mut end = (self.next + rows).min(self.all.rows());
        while end > self.next && end < self.all.rows() && self.all.rank(end) == self.all.rank(end - 1) {
            end += 1;
        }
        end
    }
}

impl RankedSource {
    /// Reads all rows that were pushed to these buckets.
    pub(crate) fn new(buckets: Buckets) -> Result<Self> {
        let spill = buckets.spill.clone();
        let mut source = RankedSource { spill, parts: Vec::new(), sorted: None, row: 0 };
        source.add_parts(buckets)?;
        Ok(source)
    }

    fn add_parts(&mut self, buckets: Buckets) -> Result<()> {
        self.parts.extend(buckets.into_parts()?.into_iter().rev());
        Ok(())
    }

    /// Sorts a part; one that is larger than memory is distributed over buckets of the next level instead.
    fn sort(&mut self, part: Part) -> Result<()> {
        let ranked = match part {
            Part::Held(ranked) => ranked,
            Part::Spilled(spilled)
                if spilled.bytes > self.spill.memory && BITS * (spilled.level + 2) <= 64 =>
            {
                let (level, name) = (spilled.level + 1, spilled.name.clone());
                let mut next = Buckets::at_level(level, name, self.spill.clone());
                spilled.read_back(&mut |ranked| next.push_ranked(ranked))?;
                return self.add_parts(next);
            }
            Part::Spilled(spilled) => {
                let mut all = Vec::new();
                spilled.read_back(&mut |ranked| {
                    all.push(ranked);
                    Ok(())
                })?;
                all
            }
        };
        let all = Ranked::new(ranked);
        let row_bytes = all.bytes() / all.rows().max(1);
        self.sorted = Some(Sorted { all, next: 0, row_bytes });
        Ok(())
    }
}

impl Cut for RankedSource {
    type Piece = Picked;

    fn next(&mut self) -> Result<Option<Picked>> {
        loop {
            if let Some(sorted) = &mut self.sorted {
                let rows = (BATCH_BYTES / sorted.row_bytes.max(1)).clamp(1, BATCH_ROWS);
                let range = sorted.next..sorted.end(rows);
                if !range.is_empty() {
                    sorted.next = range.end;
                    let first_row = self.row;
                    self.row += range.len() as u64;
                    let (rows, row_bytes) = (sorted.all.clone(), sorted.row_bytes);
                    return Ok(Some(Picked { first_row, rows, range, row_bytes }));
                }
                self.sorted = None;
            }
            match self.parts.pop() {
                Some(part) => self.sort(part)?,
                None => return Ok(None),
            }
        }
    }
}
