//! Messages in the order of their file, as record batches with their numbers and the dictionaries that hold for them.

use std::fmt::Display;
use std::sync::Arc;

use arrow::buffer::Buffer;

use super::error::corrupt;
use super::head::{Head, Kind};
use super::message::{Context, Dictionaries, EncodedRecords, Message};
use crate::error::{Error, Result};

/// How far a file was read.
pub(super) struct Messages {
    context: Arc<Context>,
    dictionaries: Arc<Dictionaries>,
    /// The number of the next record batch.
    number: usize,
    /// The number of its first row.
    row: u64,
}

impl Messages {
    /// The record batches of a file, from record batch `number` on, whose first row is row `row`.
    pub(super) fn new(context: Arc<Context>, number: usize, row: u64) -> Self {
        Messages { context, dictionaries: Arc::default(), number, row }
    }

    /// Takes the next message; returns a record batch if it is one.
    ///
    /// # Errors
    /// `corrupt_ipc`.
    pub(super) fn take(&mut self, head: Head, body: Buffer) -> Result<Option<EncodedRecords>> {
        let kind = head.kind;
        let message = Message::new(head, body).map_err(|why| self.corrupt(why))?;
        let rows = match kind {
            Kind::Schema => return Err(self.corrupt("it is a second schema")),
            Kind::Dictionary => {
                // Record batches before this one keep the values as they were.
                let dictionaries = Arc::make_mut(&mut self.dictionaries);
                let added = message.add_to(dictionaries, &self.context.schema);
                return added.map(|()| None).map_err(|why| self.corrupt(why));
            }
            Kind::Records { rows } => rows,
        };
        let (number, first_row) = (self.number, self.row);
        let end = first_row.checked_add(rows).filter(|_| usize::try_from(rows).is_ok());
        self.row = end.ok_or_else(|| self.corrupt(format!("it has {rows} rows")))?;
        self.number += 1;
        let (context, dictionaries) = (Arc::clone(&self.context), Arc::clone(&self.dictionaries));
        let records = EncodedRecords::new(message, context, dictionaries, number, first_row, rows as usize);
        if rows == 0 {
            // No worker decodes it, and damage may have hidden its rows.
            records.decoded()?;
        }
        Ok(Some(records))
    }

    /// The error for damage at the next record batch.
    #[cold]
    pub(super) fn corrupt(&self, why: impl Display) -> Error {
        let why = format!("at record batch {}: {why}", self.number);
        corrupt(&self.context.path, why).row(self.row)
    }
}
