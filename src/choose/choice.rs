//! The trait of a choice among all rows.

use crate::error::{Class, Error, Result};
use crate::flow::BarrierRows;

/// A choice among all rows. It keeps a few bytes for each row.
pub(crate) trait Choice: Send {
    /// Takes the next rows, in input order.
    fn add(&mut self, rows: &BarrierRows) -> Result<()>;

    /// Whether each row stays, in input order.
    fn stays(self: Box<Self>) -> Vec<bool>;
}

/// The number of a new entry of a table with `len` entries.
///
/// # Errors
/// `too_many_rows`: it needs more than 32 bits.
pub(super) fn number(verb: &str, len: usize) -> Result<u32> {
    u32::try_from(len).map_err(|_| {
        Error::new(Class::Data, "too_many_rows", format!("{verb}: there are more than 2³² rows"))
            .help(format!("prepare the data in parts, each with its own {verb}"))
    })
}
