//! The rows of a dialect, as `format` reads conversations.

use std::borrow::Cow;

use crate::dialect::{Cell, ConversationJson, Dialect, PartCells, PartColumns, Row, conversation_json};
use crate::error::Result;
use crate::format::{NotRead, OpenConversations, ReadConversations, RowJson};
use crate::record::Batch;

/// The name of the part that holds variables of the template.
const VARIABLES: &str = "variables";

/// Rows of a dialect.
pub(super) struct DialectConversations {
    pub(super) dialect: &'static dyn Dialect,
    pub(super) columns: PartColumns,
    /// Whether the step before has read the rows.
    pub(super) checked: bool,
    /// The column with variables of the template.
    pub(super) variables: Option<String>,
}

impl ReadConversations for DialectConversations {
    fn open<'b>(&self, batch: &'b Batch) -> Result<Box<dyn OpenConversations + 'b>> {
        let cells = PartCells::new(&batch.records, &self.columns)?;
        let own: PartColumns = self.variables.iter().map(|column| (VARIABLES, column.clone())).collect();
        let variables = PartCells::new(&batch.records, &own)?;
        Ok(Box::new(Open {
            dialect: self.dialect,
            columns: self.columns.clone(),
            cells,
            checked: self.checked,
            own,
            variables,
        }))
    }
}

struct Open {
    dialect: &'static dyn Dialect,
    columns: PartColumns,
    cells: PartCells,
    checked: bool,
    own: PartColumns,
    variables: PartCells,
}

impl OpenConversations for Open {
    fn row(&self, i: usize, take: &mut dyn FnMut(RowJson<'_>)) -> Result<(), NotRead> {
        let row = self.cells.row(i);
        let ConversationJson { messages, tools } = conversation_json(self.dialect, &row, self.checked)
            .map_err(|misfit| NotRead {
                column: self.columns.iter().find(|(part, _)| *part == misfit.part).map(|(_, c)| c.clone()),
                detail: misfit.to_string(),
            })?;
        let Row(own) = self.variables.row(i);
        let variables = match own.first() {
            None | Some((_, Cell::Null)) => None,
            Some((_, cell)) => match cell.nested() {
                Some(json) => Some(Cow::Borrowed(json.text)),
                None => {
                    let column = self.own.first().map(|(_, column)| column.clone());
                    let detail = "the variables of the template are not an object".to_string();
                    return Err(NotRead { column, detail });
                }
            },
        };
        take(RowJson { messages, tools, variables });
        Ok(())
    }
}
