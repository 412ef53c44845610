//! The trait of a choice among all rows, and what it decides.

use std::ops::Range;

use arrow::array::Float64Array;

use crate::error::{Class, Error, Result};
use crate::flow::BarrierRows;

/// A choice among all rows. It keeps a few bytes for each row.
pub(crate) trait Choice: Send {
    /// Takes the next rows, in input order.
    fn add(&mut self, rows: &BarrierRows) -> Result<()>;

    /// Called once after the last row.
    fn decide(self: Box<Self>) -> Result<Box<dyn Decision>>;
}

/// What becomes of each row. Rows have numbers in input order.
pub(crate) trait Decision {
    /// How often the row leaves; 0 removes it.
    fn times(&self, row: usize) -> u64;

    /// The rank of the row when it leaves for the `nth` time, from 0. A removed row has a rank too.
    fn rank(&self, row: usize, nth: u64) -> u64;

    /// The weights of these rows, where rows get weights.
    fn weights(&self, _: Range<usize>) -> Option<Float64Array> {
        None
    }
}

/// Whether each row stays. Rows keep their order.
impl Decision for Vec<bool> {
    fn times(&self, row: usize) -> u64 {
        u64::from(self[row])
    }

    fn rank(&self, row: usize, _: u64) -> u64 {
        in_order(row, self.len())
    }
}

/// The rank of a row that keeps its place among so many rows. Ranks are spread evenly, so that buckets on disk have equal
/// sizes.
pub(super) fn in_order(row: usize, rows: usize) -> u64 {
    (((row as u128) << 64) / rows.max(1) as u128) as u64
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
