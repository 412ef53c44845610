//! `read_as`: removes rows that a dialect does not read. The others pass unchanged.

use super::cells_of_batch::PartCells;
use super::dialect::Dialect;
use super::part_columns::{PartColumns, column_of};
use crate::error::Result;
use crate::flow::Map;
use crate::record::{Batch, Policy, Removal, reason};
use crate::report::StepCounts;

/// Removes rows that a dialect does not read.
pub(crate) struct ReadAsStage {
    pub(crate) dialect: &'static dyn Dialect,
    /// The column of each part.
    pub(crate) columns: PartColumns,
}

impl Map for ReadAsStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let parts = PartCells::new(&batch.records, &self.columns)?;
        let mut removals = Vec::new();
        for index in 0..batch.rows() {
            let row = parts.row(index);
            if self.dialect.surely_reads(&row) {
                continue;
            }
            if let Err(misfit) = self.dialect.read(&row) {
                let column = column_of(&self.columns, misfit.part).map(String::from);
                let (code, detail) = (reason::NOT_IN_DIALECT, misfit.to_string());
                removals.push(Removal { index, code, column, detail });
            }
        }
        batch.remove(removals, Policy::Reject, counts)
    }
}

/// Passes all rows: the step counts them.
pub(crate) struct PassStage;

impl Map for PassStage {
    fn map(&self, batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        Ok(batch)
    }
}
