//! `manifest.json`: the index of a prepared folder. Replacing it is the commit point of a publish.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version this code writes; it reads this and older ones.
pub const MANIFEST_VERSION: u32 = 1;

/// The whole manifest. Holds no clock, no host name and no absolute path.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// [`MANIFEST_VERSION`] of the writer.
    pub manifest_version: u32,
    /// The library's version.
    pub fastprep_version: String,
    /// The folder of this generation, relative to the manifest: `data/<content digest>`.
    pub data: String,
    /// Digest of the resolved plan.
    pub fingerprint: String,
    /// The plan, a line a step, as `explain()` prints it.
    pub plan: Vec<String>,
    /// The prompt format as its JSON; null without one.
    pub format: Value,
    /// The tokenizer: `digest`, `vocab_size`, `bos_token_id`, `eos_token_id`, `pad_token_id` (null where
    /// unknown), `max_length`; null without one.
    pub tokenizer: Value,
    /// The published columns, in order.
    pub schema: Vec<Column>,
    /// The inputs, in order; names are relative to the folder they share.
    pub inputs: Vec<Input>,
    /// The splits in plan order, with their totals.
    pub splits: Vec<SplitTotals>,
    /// The shards: by split in plan order, then format, then number.
    pub shards: Vec<FileEntry>,
    /// The files beside them: `keys.arrow`, `rejects.jsonl`, `duplicates.jsonl`; only those that exist.
    pub sidecars: Vec<FileEntry>,
    /// How keys were made, where there is `keys.arrow`: later runs compare it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_recipe: Option<String>,
    /// The report's counts, without times.
    pub report: Value,
}

/// A published column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as `explain` names it: `str`, `json`, `int64`, `list<int32>`, ….
    #[serde(rename = "type")]
    pub type_name: String,
}

/// An input as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Relative to the folder that all inputs share.
    pub name: String,
    /// Bytes as stored (compressed); 0 for sources without bytes.
    pub bytes: u64,
    /// Checksum of those bytes, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xxh3: Option<String>,
}

/// A split's totals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitTotals {
    /// `train`, `valid`, ….
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Tokens; 0 without a tokenizer.
    pub tokens: u64,
    /// Tokens whose label is trained.
    pub trained_tokens: u64,
}

/// A published file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Name within the generation's folder.
    pub name: String,
    /// The split; none for sidecars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// `arrow` or `jsonl`.
    pub format: String,
    /// Rows.
    pub rows: u64,
    /// Tokens; 0 without a tokenizer.
    #[serde(default)]
    pub tokens: u64,
    /// Bytes as stored.
    pub bytes: u64,
    /// Checksum of those bytes.
    pub xxh3: String,
}

impl Manifest {
    /// Rows, tokens and trained tokens by split name.
    pub fn totals(&self) -> BTreeMap<&str, &SplitTotals> {
        self.splits.iter().map(|s| (s.name.as_str(), s)).collect()
    }

    /// All files of the generation: shards, then sidecars.
    pub fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.shards.iter().chain(&self.sidecars)
    }

    /// The sidecar of this name.
    pub fn sidecar(&self, name: &str) -> Option<&FileEntry> {
        self.sidecars.iter().find(|f| f.name == name)
    }
}
