//! What a sink of shards writes, and where.

use std::path::PathBuf;

use arrow::datatypes::SchemaRef;

use super::format::Format;
use crate::error::{Class, Error, Result};
use crate::record::FileNames;

/// What a [`ShardSink`](super::ShardSink) writes, and where.
#[derive(Debug, Clone)]
pub(crate) struct SinkOptions {
    /// The folder to publish to.
    pub(crate) dir: PathBuf,
    /// Whether an older data set there is replaced.
    pub(crate) overwrite: bool,
    /// At least one, each once; all are written in one pass.
    pub(crate) formats: Vec<Format>,
    /// The columns that reach the sink, hidden ones too, as the plan resolved them.
    pub schema: SchemaRef,
    /// Bytes of content a shard aims at; default [`crate::limits::SHARD_BYTES`].
    pub(crate) shard_bytes: u64,
    /// The splits in plan order; rows without a split are of the first.
    pub(crate) split_names: Vec<String>,
    /// The inputs, as reports show them.
    pub(crate) file_names: FileNames,
    /// Earlier folders that rows were compared with, as given.
    pub(crate) against: Vec<String>,
    /// How keys were made, where `keys.arrow` is to be written.
    pub key_recipe: Option<String>,
}

impl SinkOptions {
    /// Fails with `bad_sink` (`Class::Plan`) for options that no sink can have.
    pub(crate) fn check(&self) -> Result<()> {
        let bad = |message: String| Err(Error::new(Class::Plan, "bad_sink", message));
        if self.formats.is_empty() {
            return bad("no format to write was given".into());
        }
        if let Some(format) = twice(&self.formats) {
            return bad(format!("the format {} was given twice", format.extension()));
        }
        if self.shard_bytes == 0 {
            return bad("shard_bytes is 0, but must be at least 1".into());
        }
        if self.split_names.is_empty() || self.split_names.len() > 256 {
            return bad(format!("there are {} splits, but there must be 1 to 256", self.split_names.len()));
        }
        // A split's name becomes part of file names, and a split of `datasets`.
        let is_word = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if let Some(name) = twice(&self.split_names) {
            return bad(format!("the split `{name}` was given twice"));
        }
        match self.split_names.iter().find(|n| !is_word(n)) {
            Some(name) => bad(format!("the split name `{name}` holds more than letters, digits and `_`")),
            None => Ok(()),
        }
    }
}

fn twice<T: PartialEq>(items: &[T]) -> Option<&T> {
    items.iter().enumerate().find(|&(i, item)| items[..i].contains(item)).map(|(_, item)| item)
}
