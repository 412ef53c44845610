//! `dedup`: removes exact duplicates. The first row, in the order in which rows reach the step, is kept.
//!
//! Two stages: [`KeyStage`] hashes the key columns (map: any worker), [`DedupStage`] looks the keys up
//! (ordered: one batch at a time, in input order).

use std::sync::Arc;

use arrow::array::{AsArray, BinaryBuilder};
use arrow::datatypes::{DataType, Field};

use super::index::Index;
use super::normalize::Normalize;

use crate::error::{Class, Error, Result};
use crate::flow::{Map, Ordered, RemovedRows};
use crate::hash;
use crate::record::{Batch, Duplicate, KeyColumn, Place, keys_of, reason, schema, with_keys};
use crate::report::StepCounts;

/// The hidden column with the compared bytes, added only for `verify` and removed by [`DedupStage`].
pub const KEY_BYTES: &str = "__fastprep_key_bytes";

/// How keys of rows are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyOptions {
    /// The key columns, in order.
    pub(crate) on: Vec<String>,
    /// For each column, the mark at the end of its texts, which is ignored; empty if there is none.
    pub(crate) marks: Vec<String>,
    /// How text is normalized before it is hashed.
    pub(crate) normalize: Normalize,
    /// Whether bytes are kept, and compared if hashes are equal.
    pub(crate) verify: bool,
}

impl KeyOptions {
    /// A description of these options. Keys of two folders can be compared only if their recipes are equal.
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
                    // The length comes first, so that where fields end matters; the length of null is u64::MAX.
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

/// Removes each row whose key was seen before.
pub struct DedupStage {
    index: Index,
    keepers: bool,
    verify: bool,
    /// The keys of earlier folders, with the numbers of the folders. They have no bytes, so that only hashes are
    /// compared.
    earlier: Option<Index>,
    /// For each file so far, whether its rows have lines.
    has_lines: Vec<bool>,
}

/// The number of low bits of a place's number for the row; the other bits are for the file.
const ROW_BITS: u32 = 40;

impl DedupStage {
    /// A stage without keys. With `keepers` it knows the kept row for each key; with `verify` it also compares bytes.
    pub fn new(keepers: bool, verify: bool) -> Self {
        let index = Index::new(keepers, verify);
        DedupStage { index, keepers, verify, earlier: None, has_lines: Vec::new() }
    }

    /// Adds the keys of an earlier folder. Rows with one of them are removed; duplicates name the number of the
    /// folder.
    pub(crate) fn seed(&mut self, folder: usize, keys: impl IntoIterator<Item = Result<u128>>) -> Result<()> {
        let earlier = self.earlier.get_or_insert_with(|| Index::new(self.keepers, false));
        for key in keys {
            earlier.insert(key?, folder as u64, None);
        }
        Ok(())
    }

    /// The place of a row as a number, the inverse of [`DedupStage::place`].
    fn number(&mut self, place: Place) -> Result<u64> {
        let file = place.file as usize;
        if self.has_lines.len() <= file {
            self.has_lines.resize(file + 1, false);
        }
        self.has_lines[file] = place.line.is_some();
        if place.row >> ROW_BITS > 0 || u64::from(place.file) >> (u64::BITS - ROW_BITS) > 0 {
            let message =
                format!("dedup: a file has more than 2^{ROW_BITS} rows, or there are too many files");
            return Err(Error::new(Class::Data, "too_many_rows", message)
                .help("prepare the data in parts, each with against= the parts before it"));
        }
        Ok(u64::from(place.file) << ROW_BITS | place.row)
    }

    fn place(&self, number: u64) -> Place {
        let (file, row) = ((number >> ROW_BITS) as u32, number & ((1 << ROW_BITS) - 1));
        let lines = self.has_lines.get(file as usize).is_some_and(|lines| *lines);
        Place { file, row, line: lines.then_some(row + 1), byte: None, copy: 0 }
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
