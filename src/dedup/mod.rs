//! Exact duplicates: the first row in the order that reaches the step stays, at any number of threads.
//!
//! Two stages: [`KeyStage`] hashes the key columns (map: any worker), [`DedupStage`] looks the keys up
//! (ordered: one batch at a time, in input order).

mod index;
mod normalize;

use std::sync::Arc;

use arrow::array::{AsArray, BinaryBuilder};
use arrow::datatypes::{DataType, Field};

use index::Index;
pub use normalize::{Normalize, Part};

use crate::error::{Class, Error, Result};
use crate::flow::{Map, Ordered, RemovedRows};
use crate::hash;
use crate::record::{Batch, Duplicate, KeyColumn, Place, keys_of, reason, schema, with_keys};
use crate::report::StepCounts;

/// Hidden column with the compared bytes, made only for `verify` and taken away by [`DedupStage`].
pub const KEY_BYTES: &str = "__fastprep_key_bytes";

/// How rows are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyOptions {
    /// The key columns, in order.
    pub(crate) on: Vec<String>,
    /// For each, the mark that ends its texts and does not count; empty where there is none.
    pub(crate) marks: Vec<String>,
    /// How text is normalised before it is hashed; nothing by default.
    pub(crate) normalize: Normalize,
    /// Whether bytes are kept and compared where hashes match.
    pub(crate) verify: bool,
}

impl KeyOptions {
    /// The recipe in one line: keys of two folders can be compared only when it is the same.
    pub(crate) fn recipe(&self) -> String {
        let marks = if self.marks.iter().all(String::is_empty) { "" } else { ", without the marks" };
        format!("xxh3-128 on {} {}{marks}", self.on.join(","), self.normalize.name())
    }
}

/// Adds the hidden key of each row.
pub(crate) struct KeyStage(pub(crate) KeyOptions);

impl Map for KeyStage {
    fn map(&self, batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        let columns =
            self.0.on.iter().map(|name| KeyColumn::new(&batch, name)).collect::<Result<Vec<_>>>()?;
        let rows = batch.rows();
        let mut keys = Vec::with_capacity(rows * 16);
        let mut bytes = self.0.verify.then(BinaryBuilder::new);
        let mut buffers = vec![Vec::new(); columns.len()];
        for i in 0..rows {
            let mut digests = [0u128; 8];
            let mut many = Vec::new();
            let digests = if columns.len() <= 8 {
                &mut digests[..columns.len()]
            } else {
                many.resize(columns.len(), 0);
                &mut many[..]
            };
            let mut whole = Vec::new();
            for (((column, mark), digest), buffer) in
                columns.iter().zip(&self.0.marks).zip(digests.iter_mut()).zip(&mut buffers)
            {
                let value = column.value(i);
                let unmarked = value.as_deref().map(|v| v.strip_suffix(mark.as_bytes()).unwrap_or(v));
                let value = unmarked.map(|v| self.0.normalize.apply(v, buffer));
                *digest = hash::field(value);
                if bytes.is_some() {
                    // Length first, so that field borders count; nulls have none.
                    whole.extend(value.map_or(u64::MAX, |v| v.len() as u64).to_le_bytes());
                    whole.extend(value.unwrap_or_default());
                }
            }
            keys.extend(hash::key(digests.iter().copied()).to_be_bytes());
            if let Some(bytes) = &mut bytes {
                bytes.append_value(&whole);
            }
        }
        let mut batch = with_keys(batch, schema::KEY, keys)?;
        if let Some(mut bytes) = bytes {
            let field = Field::new(KEY_BYTES, DataType::Binary, false);
            batch = batch.with_column(field, Arc::new(bytes.finish()))?;
        }
        Ok(batch)
    }
}

/// Takes out every row whose key was seen before.
pub struct DedupStage {
    index: Index,
    keepers: bool,
    verify: bool,
    /// The keys of earlier folders, under their numbers. They come without bytes: the hash decides alone.
    earlier: Option<Index>,
    /// Of each file met so far, whether its rows have lines.
    has_lines: Vec<bool>,
}

/// Bits of a place's number that are the row's; those above are the file's.
const ROW_BITS: u32 = 40;

impl DedupStage {
    /// An index that names keepers, or holds keys alone; `verify` keeps and compares the bytes too.
    pub fn new(keepers: bool, verify: bool) -> Self {
        let index = Index::new(keepers, verify);
        DedupStage { index, keepers, verify, earlier: None, has_lines: Vec::new() }
    }

    /// Takes in the keys of an earlier folder: rows that have one of them are dropped, and name it by this number.
    pub(crate) fn seed(&mut self, folder: usize, keys: impl IntoIterator<Item = Result<u128>>) -> Result<()> {
        let earlier = self.earlier.get_or_insert_with(|| Index::new(self.keepers, false));
        for key in keys {
            earlier.insert(key?, folder as u64, None);
        }
        Ok(())
    }

    /// The number of a row's place, from which [`DedupStage::place`] makes the place again.
    fn number(&mut self, place: Place) -> Result<u64> {
        let file = place.file as usize;
        if self.has_lines.len() <= file {
            self.has_lines.resize(file + 1, false);
        }
        self.has_lines[file] = place.line.is_some();
        if place.row >> ROW_BITS > 0 || u64::from(place.file) >> (u64::BITS - ROW_BITS) > 0 {
            let message = format!("dedup: more than 2^{ROW_BITS} rows in a file, or too many files");
            return Err(Error::new(Class::Data, "too_many_rows", message)
                .help("prepare the data in parts, each against= those before it"));
        }
        Ok(u64::from(place.file) << ROW_BITS | place.row)
    }

    fn place(&self, number: u64) -> Place {
        let (file, row) = ((number >> ROW_BITS) as u32, number & ((1 << ROW_BITS) - 1));
        let lines = self.has_lines.get(file as usize).is_some_and(|lines| *lines);
        Place { file, row, line: lines.then_some(row + 1), byte: None }
    }
}

impl Ordered for DedupStage {
    fn push(&mut self, mut batch: Batch, taken_out: &mut RemovedRows) -> Result<Batch> {
        if batch.rows() == 0 {
            return without_bytes(batch);
        }
        let keys = keys_of(&batch.records, schema::KEY)?;
        let bytes = match self.verify {
            true => Some(Arc::clone(batch.column(KEY_BYTES)?)),
            false => None,
        };
        let bytes = bytes.as_ref().map(|b| b.as_binary::<i32>());
        let mut keep = Vec::with_capacity(keys.len());
        for (i, key) in keys.into_iter().enumerate() {
            let place = batch.places.at(i);
            let number = self.number(place)?;
            let earlier = self.earlier.as_ref().and_then(|index| index.find(key, None));
            let found = match earlier {
                Some(folder) => Some((reason::DUPLICATE_AGAINST, None, folder.map(|f| f as usize))),
                None => self
                    .index
                    .insert(key, number, bytes.map(|b| b.value(i)))
                    .map(|kept| (reason::DUPLICATE, kept.map(|k| self.place(k)), None)),
            };
            keep.push(found.is_none());
            let Some((code, kept, against)) = found else { continue };
            taken_out.push((code, place));
            if self.keepers {
                batch.duplicates.push(Duplicate {
                    dropped: place,
                    position: batch.places.rows[i].row,
                    kept,
                    against,
                });
            }
        }
        without_bytes(batch.keep(&keep.into())?)
    }
}

fn without_bytes(batch: Batch) -> Result<Batch> {
    batch.without_columns(&[KEY_BYTES])
}

#[cfg(test)]
mod tests;
