//! Options of a sink of shards.

use std::path::PathBuf;

use arrow::datatypes::SchemaRef;

use super::format::Format;
use crate::error::{Class, Error, Result};
use crate::record::FileNames;

/// Options of a [`ShardSink`](super::ShardSink).
#[derive(Debug, Clone)]
pub(crate) struct SinkOptions {
    /// The folder to publish to.
    pub(crate) dir: PathBuf,
    /// Whether an existing data set in the folder is replaced.
    pub(crate) overwrite: bool,
    /// The formats of shards: at least one, each once. All are written in one pass.
    pub(crate) formats: Vec<Format>,
    /// The columns of batches, hidden ones too.
    pub schema: SchemaRef,
    /// Target size of shards in bytes of content; the default is [`crate::limits::SHARD_BYTES`].
    pub(crate) shard_bytes: u64,
    /// The splits in plan order; rows without a split belong to the first.
    pub(crate) split_names: Vec<String>,
    /// The names of the inputs in rejects and duplicates.
    pub(crate) file_names: FileNames,
    /// Earlier folders that rows were compared with, as the user wrote them.
    pub(crate) against: Vec<String>,
    /// Whether a report will be published with the data.
    pub(crate) report: bool,
    /// How keys were made, if `keys.arrow` is to be written.
    pub key_recipe: Option<String>,
}

impl SinkOptions {
    /// Fails with `bad_sink` (`Class::Plan`) for invalid options.
    pub(crate) fn check(&self) -> Result<()> {
        let bad = |message: String| Err(Error::new(Class::Plan, "bad_sink", message));
        if self.formats.is_empty() {
            return bad("`formats` must not be empty".into());
        }
        if let Some(format) = first_repeated(&self.formats) {
            return bad(format!("`formats` has {} twice", format.extension()));
        }
        if self.shard_bytes == 0 {
            return bad("`shard_bytes` must be at least 1; got 0".into());
        }
        if self.split_names.is_empty() || self.split_names.len() > 256 {
            return bad(format!("there must be 1 to 256 splits; got {}", self.split_names.len()));
        }
        // The name of a split becomes part of file names and the name of a split in `datasets`.
        let is_word = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if let Some(name) = first_repeated(&self.split_names) {
            return bad(format!("there are two splits `{name}`"));
        }
        match self.split_names.iter().find(|n| !is_word(n)) {
            Some(name) => {
                bad(format!("the name of a split must be letters, digits and `_` only; got `{name}`"))
            }
            None => Ok(()),
        }
    }
}

fn first_repeated<T: PartialEq>(items: &[T]) -> Option<&T> {
    items.iter().enumerate().find(|&(i, item)| items[..i].contains(item)).map(|(_, item)| item)
}
