//! The rows of a dialect of preferences, as `format` reads them.

use crate::dialect::{AnswersJson, Dialect, PartCells, PartColumns, answers_json};
use crate::error::Result;
use crate::format::{AnswersOfRow, NotRead, OpenAnswers, ReadAnswers};
use crate::record::Batch;

/// Rows of a dialect.
pub(super) struct DialectAnswers {
    pub(super) dialect: &'static dyn Dialect,
    pub(super) columns: PartColumns,
}

impl ReadAnswers for DialectAnswers {
    fn open<'b>(&self, batch: &'b Batch) -> Result<Box<dyn OpenAnswers + 'b>> {
        let cells = PartCells::new(&batch.records, &self.columns)?;
        Ok(Box::new(Open { dialect: self.dialect, columns: self.columns.clone(), cells }))
    }
}

struct Open {
    dialect: &'static dyn Dialect,
    columns: PartColumns,
    cells: PartCells,
}

impl OpenAnswers for Open {
    fn row(&self, i: usize) -> Result<AnswersOfRow, NotRead> {
        let row = self.cells.row(i);
        let AnswersJson { prompt, conversations, tools } =
            answers_json(self.dialect, &row).map_err(|misfit| NotRead {
                column: self.columns.iter().find(|(part, _)| *part == misfit.part).map(|(_, c)| c.clone()),
                detail: misfit.to_string(),
            })?;
        Ok(AnswersOfRow { prompt, conversations, tools: tools.map(std::borrow::Cow::into_owned) })
    }
}
