//! The rows of a dialect, as `format` reads conversations.

use crate::dialect::{ConversationJson, Dialect, PartCells, PartColumns, conversation_json};
use crate::error::Result;
use crate::format::{NotRead, OpenConversations, ReadConversations, RowJson};
use crate::record::Batch;

/// Rows of a dialect.
pub(super) struct DialectConversations {
    pub(super) dialect: &'static dyn Dialect,
    pub(super) columns: PartColumns,
    /// Whether the step before has read the rows.
    pub(super) checked: bool,
}

impl ReadConversations for DialectConversations {
    fn open<'b>(&self, batch: &'b Batch) -> Result<Box<dyn OpenConversations + 'b>> {
        let cells = PartCells::new(&batch.records, &self.columns)?;
        Ok(Box::new(Open {
            dialect: self.dialect,
            columns: self.columns.clone(),
            cells,
            checked: self.checked,
        }))
    }
}

struct Open {
    dialect: &'static dyn Dialect,
    columns: PartColumns,
    cells: PartCells,
    checked: bool,
}

impl OpenConversations for Open {
    fn row(&self, i: usize, take: &mut dyn FnMut(RowJson<'_>)) -> Result<(), NotRead> {
        let row = self.cells.row(i);
        let ConversationJson { messages, tools } = conversation_json(self.dialect, &row, self.checked)
            .map_err(|misfit| NotRead {
                column: self.columns.iter().find(|(part, _)| *part == misfit.part).map(|(_, c)| c.clone()),
                detail: misfit.to_string(),
            })?;
        take(RowJson { messages, tools });
        Ok(())
    }
}
