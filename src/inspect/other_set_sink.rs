//! Reads another set, of which only the keys of rows are kept.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::UInt8Type;

use super::other_set::OtherSet;
use super::row::ReadRows;
use super::row_keys::{RowKeys, row_keys};
use crate::error::Result;
use crate::flow::{MakeReady, Sink};
use crate::record::{Batch, schema};

/// Takes all rows of another set.
pub(crate) struct OtherSetSink {
    read: Arc<ReadKeys>,
    set: OtherSet,
}

struct ReadKeys {
    rows: Arc<dyn ReadRows>,
    /// The split whose rows are taken; all rows without.
    split: Option<u8>,
}

/// The keys of the rows of a batch.
pub(crate) struct Keys {
    rows: Vec<RowKeys>,
    unread: u64,
}

impl OtherSetSink {
    /// A sink for rows that are read in this way; only those of a split, if there is one.
    pub(crate) fn new(rows: Arc<dyn ReadRows>, split: Option<u8>) -> Self {
        OtherSetSink { read: Arc::new(ReadKeys { rows, split }), set: OtherSet::default() }
    }

    /// The rows.
    pub(crate) fn into_set(self) -> OtherSet {
        self.set
    }
}

/// The number of the split of each row.
pub(super) fn splits_of(batch: &Batch) -> Result<&[u8]> {
    Ok(batch.column(schema::SPLIT)?.as_primitive::<UInt8Type>().values())
}

impl MakeReady<Keys> for ReadKeys {
    fn make_ready(&self, batch: Batch) -> Result<Keys> {
        let open = self.rows.open(&batch)?;
        let splits = self.split.map(|split| splits_of(&batch).map(|splits| (split, splits))).transpose()?;
        let mut keys = Keys { rows: Vec::with_capacity(batch.rows()), unread: 0 };
        let mut folded = Vec::new();
        for i in 0..batch.rows() {
            if splits.is_some_and(|(split, splits)| splits[i] != split) {
                continue;
            }
            let place = batch.places.at(i);
            let read = open.row(i, &mut |row| keys.rows.push(row_keys(row, place, &mut folded)));
            keys.unread += u64::from(read.is_err());
        }
        Ok(keys)
    }
}

impl Sink for OtherSetSink {
    type Ready = Keys;

    fn ready_maker(&self) -> Arc<dyn MakeReady<Keys>> {
        self.read.clone()
    }

    fn push(&mut self, keys: Keys) -> Result<()> {
        keys.rows.iter().for_each(|row| self.set.add(row));
        self.set.unread += keys.unread;
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}
