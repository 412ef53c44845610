//! `manifest.json`: the index of a prepared folder. Replacing it is the commit point of a publish.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The manifest version that is written. This and older versions can be read.
pub(crate) const MANIFEST_VERSION: u32 = 2;

/// The formats of shards.
pub(crate) const FORMATS: [&str; 3] = ["arrow", "jsonl", PARQUET];
/// The word for Parquet among them.
pub(crate) const PARQUET: &str = "parquet";
/// The name of the folder of generations within a prepared folder.
pub(crate) const DATA: &str = "data";
/// The largest count: the largest length of a Python object.
const MAX: u64 = i64::MAX as u64;

/// The manifest. It has no times, no host name and no absolute path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The [`MANIFEST_VERSION`] of the writer.
    pub manifest_version: u32,
    /// The version of fastprep that wrote it.
    pub fastprep_version: String,
    /// The folder of this generation, relative to the manifest: `data/<content digest>`.
    pub data: String,
    /// Digest of all that determines the output: the plan, and the content of the inputs and the tokenizer.
    pub fingerprint: String,
    /// The JSON of the plan, with the names of `inputs` as paths. In version 1, a list of lines of text.
    pub plan: Value,
    /// The plan as text, one line a step, as `explain()` prints it. In version 1, `plan` has these lines.
    #[serde(default)]
    pub explain: Vec<String>,
    /// The JSON of the prompt format; null without one.
    pub format: Value,
    /// The tokenizer; null without one.
    #[serde(deserialize_with = "nullable")]
    pub tokenizer: Option<Tokenizer>,
    /// The published columns, in order.
    pub schema: Vec<Column>,
    /// The inputs, in order; names are relative to the folder that all share.
    pub inputs: Vec<Input>,
    /// The splits in plan order, with their totals.
    pub splits: Vec<SplitTotals>,
    /// The shards, ordered by split in plan order, then format, then number.
    pub shards: Vec<FileEntry>,
    /// The other files of the generation: `keys.arrow`, `rejects.jsonl`, `duplicates.jsonl`, `report.json`; only those
    /// that exist.
    pub sidecars: Vec<FileEntry>,
    /// How keys were made, if there is `keys.arrow`. Later runs use its keys only if their recipe is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_recipe: Option<String>,
    /// The report's counts, without times.
    pub report: Value,
}

/// The tokenizer that made the ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokenizer {
    /// Digest of what determines the ids.
    pub(crate) digest: String,
    /// All ids are below this.
    pub(crate) vocab_size: u64,
    /// Null if the tokenizer has no BOS token.
    #[serde(default)]
    pub(crate) bos_token_id: Option<i32>,
    /// Null if the tokenizer has no EOS token.
    #[serde(default)]
    pub(crate) eos_token_id: Option<i32>,
    /// Null if the tokenizer has no padding token.
    #[serde(default)]
    pub(crate) pad_token_id: Option<i32>,
    /// The most tokens of a row; null without a limit.
    #[serde(default)]
    pub(crate) max_length: Option<u64>,
    /// Whether rows end in the EOS token; absent in older folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) add_eos: Option<bool>,
}

/// A published column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The name of the column.
    pub(crate) name: String,
    /// The type, by its name in `explain`: `str`, `json`, `int64`, `list<int32>`, ….
    #[serde(rename = "type")]
    pub(crate) type_name: String,
}

/// An input that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The name, relative to the folder that all inputs share.
    pub name: String,
    /// Size as stored (compressed); 0 for sources that are not files.
    pub bytes: u64,
    /// Checksum of the stored bytes, for files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xxh3: Option<String>,
}

/// The totals of a split.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitTotals {
    /// The name of the split: `train`, `valid`, ….
    pub name: String,
    /// Number of rows.
    pub rows: u64,
    /// Number of tokens; 0 without a tokenizer.
    pub tokens: u64,
    /// Number of trained tokens.
    pub trained_tokens: u64,
}

/// A published file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// The name within the folder of the generation.
    pub name: String,
    /// The split; `None` for sidecars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// `arrow`, `jsonl` or `parquet`; `json` for the report.
    pub format: String,
    /// Number of rows.
    pub rows: u64,
    /// Number of tokens; 0 without a tokenizer.
    #[serde(default)]
    pub tokens: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Checksum of the file.
    pub xxh3: String,
}

impl Manifest {
    /// All files of the generation: shards, then sidecars.
    pub fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.shards.iter().chain(&self.sidecars)
    }

    /// Checks the values of a manifest whose types are right. File names must stay within the folder: the files are
    /// read, and removed when another generation replaces them.
    ///
    /// # Errors
    /// A message that begins with the field.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !is_generation(&self.data) {
            return Err(format!("data: must be `data/` and 32 hexadecimal digits; got `{}`", self.data));
        }
        let is_plan = match self.manifest_version {
            1 => self.plan.as_array().is_some_and(|lines| lines.iter().all(Value::is_string)),
            _ => self.plan.is_object(),
        };
        if !is_plan {
            return Err("plan: must be an object, or in version 1 a list of lines".into());
        }
        let mut names = HashSet::new();
        for (list, files) in [("shards", &self.shards), ("sidecars", &self.sidecars)] {
            for (i, file) in files.iter().enumerate() {
                let invalid = |what: String| Err(format!("{list}[{i}].{what}"));
                if !is_file_name(&file.name) {
                    return invalid(format!(
                        "name: must be a file name without folders; got `{}`",
                        file.name
                    ));
                }
                if !names.insert(&file.name) {
                    return invalid(format!("name: there are two files `{}`", file.name));
                }
                if list == "shards" && !FORMATS.contains(&file.format.as_str()) {
                    return invalid(format!(
                        "format: must be one of {}; got `{}`",
                        FORMATS.join(", "),
                        file.format
                    ));
                }
                let known = |split: &String| self.splits.iter().any(|s| s.name == *split);
                match &file.split {
                    Some(split) if list == "shards" && known(split) => {}
                    None if list == "sidecars" => {}
                    Some(split) => return invalid(format!("split: there is no split `{split}`")),
                    None => return invalid("split: a shard must have a split".into()),
                }
            }
        }
        if let Some(i) =
            (1..self.schema.len()).find(|i| self.schema[..*i].iter().any(|c| c.name == self.schema[*i].name))
        {
            return Err(format!("schema[{i}].name: there are two columns `{}`", self.schema[i].name));
        }
        self.splits.iter().enumerate().try_for_each(|(i, split)| self.check_totals(i, split))
    }

    /// Checks that the totals of a split are the sums of its shards, in each format.
    fn check_totals(&self, i: usize, split: &SplitTotals) -> Result<(), String> {
        if self.splits[..i].iter().any(|s| s.name == split.name) {
            return Err(format!("splits[{i}].name: there are two splits `{}`", split.name));
        }
        let counts =
            [("rows", split.rows), ("tokens", split.tokens), ("trained_tokens", split.trained_tokens)];
        if let Some((field, count)) = counts.iter().find(|(_, count)| *count > MAX) {
            return Err(format!("splits[{i}].{field}: {count} is too large"));
        }
        if split.trained_tokens > split.tokens {
            let SplitTotals { tokens, trained_tokens, .. } = split;
            return Err(format!(
                "splits[{i}].trained_tokens: must be at most `tokens`, {tokens}; got {trained_tokens}"
            ));
        }
        let mut endings: Vec<&str> = self.shards.iter().map(|s| ending(&s.name)).collect();
        endings.sort_unstable();
        endings.dedup();
        for end in endings {
            let shards =
                || self.shards.iter().filter(|s| is_in_split(s, &split.name) && ending(&s.name) == end);
            let sum = |count: fn(&FileEntry) -> u64| shards().map(|s| u128::from(count(s))).sum::<u128>();
            let counts = [("rows", split.rows, sum(|s| s.rows)), ("tokens", split.tokens, sum(|s| s.tokens))];
            let invalid =
                counts.iter().find(|(_, total, sum)| shards().next().is_some() && u128::from(*total) != *sum);
            if let Some((what, total, sum)) = invalid {
                return Err(format!(
                    "splits[{i}].{what}: split `{}` has {total} {what}, but its shards have {sum}",
                    split.name
                ));
            }
        }
        Ok(())
    }

    /// The shards of a split in a format, in order. If there are JSON lines in two compressions, those of the first.
    pub fn shards_of<'m>(&'m self, split: &'m str, format: &'m str) -> impl Iterator<Item = &'m FileEntry> {
        let shards = self.shards.iter().filter(move |s| is_in_split(s, split) && s.format == format);
        let end = shards.clone().next().map(|s| ending(&s.name));
        shards.filter(move |s| Some(ending(&s.name)) == end)
    }

    /// The sidecar with this name.
    pub(crate) fn sidecar(&self, name: &str) -> Option<&FileEntry> {
        self.sidecars.iter().find(|f| f.name == name)
    }
}

/// Deserializes a field that must exist, but may be null.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(from)
}

fn is_in_split(shard: &FileEntry, split: &str) -> bool {
    shard.split.as_deref() == Some(split)
}

/// `arrow`, `jsonl`, `jsonl.gz`, …. The shards of a split with the same ending have all its rows.
fn ending(name: &str) -> &str {
    name.split_once('.').map_or("", |(_, end)| end)
}

/// Whether a path is that of a generation: `data/` and 32 hexadecimal digits.
fn is_generation(data: &str) -> bool {
    let digest = data.strip_prefix(DATA).and_then(|d| d.strip_prefix('/'));
    digest.is_some_and(|d| d.len() == 32 && d.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether a name is a file name without folders.
fn is_file_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0'])
}
