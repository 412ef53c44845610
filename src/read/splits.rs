//! The splits that rows of a prepared folder have, as a column of text.

use super::InputFile;
use crate::error::{Error, Result};
use crate::record::schema::TRAIN;
use crate::record::{Batch, repeated, schema};
use crate::report::StepCounts;
use crate::stage::Decode;

/// The column.
pub const SPLIT: &str = "split";

/// The names of the splits of these files, in the order of their folders, `train` first; none where no file is a shard of
/// a prepared folder.
pub fn names(files: &[InputFile]) -> Vec<String> {
    let mut splits: Vec<&(usize, String)> = files.iter().filter_map(|f| f.split.as_ref()).collect();
    splits.sort();
    // Rows without a split of their own are in `train`.
    let mut names: Vec<String> = splits.first().map(|_| TRAIN.into()).into_iter().collect();
    for (_, name) in splits {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Adds the column after those of the files; null in files that are no shards.
pub struct WithSplits<D> {
    /// Makes rows of the files.
    pub rows: D,
    /// The split of each file.
    pub splits: Vec<Option<String>>,
    /// The number of the first of them.
    pub first_file: u32,
}

impl<P, D: Decode<P>> Decode<P> for WithSplits<D> {
    fn decode(&self, piece: P, counts: &mut StepCounts) -> Result<Batch> {
        let batch = self.rows.decode(piece, counts)?;
        let file = batch.places.file.checked_sub(self.first_file);
        let split = file.and_then(|file| self.splits.get(file as usize));
        let split = split.ok_or_else(|| Error::internal("a file has no number"))?;
        let column = repeated(split.as_deref(), batch.rows());
        batch.with_column(schema::text(SPLIT), column)
    }
}
