//! The splits of rows from a prepared folder, as a column of text.

use std::sync::Arc;

use super::InputFile;
use crate::error::{Error, Result};
use crate::flow::{Ahead, Chunk, Scan, Undecoded};
use crate::record::schema::TRAIN;
use crate::record::{Batch, repeated, schema};
use crate::report::StepCounts;

/// The name of the column.
pub(crate) const SPLIT: &str = "split";

/// The names of the splits of these files: `train` first, the others in the order of their folders. Empty if no file
/// is a shard of a prepared folder.
pub(crate) fn names(files: &[InputFile]) -> Vec<String> {
    let mut splits: Vec<&(usize, String)> = files.iter().filter_map(|f| f.split.as_ref()).collect();
    splits.sort();
    with_train_first(splits.into_iter().map(|(_, name)| name))
}

/// Each name once, after `train`, to which rows without a split go; none if there are no names.
pub(crate) fn with_train_first<'a>(splits: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let mut splits = splits.into_iter().peekable();
    let mut names: Vec<String> = splits.peek().map(|_| TRAIN.into()).into_iter().collect();
    for name in splits {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Adds the column after those of the files; it is null for files that are not shards.
pub(crate) struct WithSplits {
    scan: Box<dyn Scan>,
    splits: Arc<Splits>,
}

/// The split of each file, and the number of the first file.
struct Splits {
    names: Vec<Option<String>>,
    first_file: u32,
}

impl WithSplits {
    /// Adds the column to a scan of these files; `first_file` is the number of the first.
    pub(crate) fn new(scan: Box<dyn Scan>, files: &[InputFile], first_file: u32) -> Self {
        let names = files.iter().map(|f| f.split.as_ref().map(|(_, name)| name.clone())).collect();
        WithSplits { scan, splits: Arc::new(Splits { names, first_file }) }
    }
}

impl Scan for WithSplits {
    fn next(&mut self) -> Result<Option<Chunk>> {
        let Some(Chunk { seq, rows }) = self.scan.next()? else { return Ok(None) };
        Ok(Some(Chunk { seq, rows: Arc::new(WithoutSplits { rows, splits: Arc::clone(&self.splits) }) }))
    }

    fn ahead(&self) -> Option<Arc<dyn Ahead>> {
        self.scan.ahead()
    }
}

/// Rows to which the column of splits is added when they are decoded.
struct WithoutSplits {
    rows: Arc<dyn Undecoded>,
    splits: Arc<Splits>,
}

impl Undecoded for WithoutSplits {
    fn bytes(&self) -> usize {
        self.rows.bytes()
    }

    fn until(&self, row: u64) -> Arc<dyn Undecoded> {
        Arc::new(WithoutSplits { rows: self.rows.until(row), splits: Arc::clone(&self.splits) })
    }

    fn decode(&self, counts: &mut StepCounts) -> Result<Batch> {
        let batch = self.rows.decode(counts)?;
        let file = batch.places.file.checked_sub(self.splits.first_file);
        let split = file.and_then(|file| self.splits.names.get(file as usize));
        let split = split.ok_or_else(|| Error::internal("a row is of a file that is not in the source"))?;
        let column = repeated(split.as_deref(), batch.rows());
        batch.with_column(schema::text(SPLIT), column)
    }
}
