//! `head`: keeps the first rows.

use crate::error::Result;
use crate::flow::{Ordered, RemovedRows};
use crate::record::{Batch, reason};

/// Keeps the first rows, in the order in which they reach the stage.
pub struct HeadStage {
    left: usize,
    ends_input: bool,
}

impl HeadStage {
    /// Keeps `rows` rows. With `ends_input`, reading stops after the last of them; otherwise the rows after it are
    /// removed.
    pub fn new(rows: usize, ends_input: bool) -> Self {
        HeadStage { left: rows, ends_input }
    }
}

impl Ordered for HeadStage {
    fn push(&mut self, batch: Batch, taken_out: &mut RemovedRows) -> Result<Batch> {
        let kept = self.left.min(batch.rows());
        self.left -= kept;
        if !self.ends_input {
            taken_out.extend((kept..batch.rows()).map(|i| (reason::PAST_HEAD, batch.places.at(i))));
            let mask = (0..batch.rows()).map(|i| Some(i < kept)).collect();
            return batch.keep(&mask);
        }
        match kept.checked_sub(1) {
            Some(last) if self.left == 0 => {
                let row = batch.places.rows[last].row;
                let batch = batch.until(row);
                // Of a row that a step has made several of, only the first may be needed.
                taken_out.extend((kept..batch.rows()).map(|i| (reason::PAST_HEAD, batch.places.at(i))));
                let mask = (0..batch.rows()).map(|i| Some(i < kept)).collect();
                batch.keep(&mask)
            }
            _ => Ok(batch),
        }
    }

    fn can_be_satisfied(&self) -> bool {
        self.ends_input
    }

    fn is_satisfied(&self) -> bool {
        self.ends_input && self.left == 0
    }
}
