//! `manifest.json`: the index of a prepared folder. Replacing it is the commit point of a publish.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The version this code writes; it reads this and older ones.
pub(crate) const MANIFEST_VERSION: u32 = 2;

/// What a shard may be.
pub(crate) const FORMATS: [&str; 2] = ["arrow", "jsonl"];
/// The folder of the generations within a prepared folder.
pub(crate) const DATA: &str = "data";
/// The most that a count may be: what Python can give as a length.
const MOST: u64 = i64::MAX as u64;

/// The whole manifest. Holds no clock, no host name and no absolute path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`MANIFEST_VERSION`] of the writer.
    pub manifest_version: u32,
    /// The library's version.
    pub fastprep_version: String,
    /// The folder of this generation, relative to the manifest: `data/<content digest>`.
    pub data: String,
    /// Digest of all that decides the output: the plan, and by their content what it reads and the tokenizer.
    pub fingerprint: String,
    /// The plan's JSON, paths by the names of `inputs`; in version 1 a list of lines for people.
    pub plan: Value,
    /// The plan for people, a line a step, as `explain()` prints it; in version 1 it is `plan`.
    #[serde(default)]
    pub explain: Vec<String>,
    /// The prompt format as its JSON; null without one.
    pub format: Value,
    /// The tokenizer; null without one.
    #[serde(deserialize_with = "required")]
    pub tokenizer: Option<Tokenizer>,
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

/// The tokenizer that made the ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokenizer {
    /// Digest of what decides its ids.
    pub(crate) digest: String,
    /// Ids are below this.
    pub(crate) vocab_size: u64,
    /// Null where the tokenizer names none.
    #[serde(default)]
    pub(crate) bos_token_id: Option<i32>,
    /// Null where the tokenizer names none.
    #[serde(default)]
    pub(crate) eos_token_id: Option<i32>,
    /// Null where the tokenizer names none.
    #[serde(default)]
    pub(crate) pad_token_id: Option<i32>,
    /// Tokens that a row may have; null where there is no limit.
    #[serde(default)]
    pub(crate) max_length: Option<u64>,
    /// Whether rows end in the EOS token; older folders do not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) add_eos: Option<bool>,
}

/// A published column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub(crate) name: String,
    /// Its type as `explain` names it: `str`, `json`, `int64`, `list<int32>`, ….
    #[serde(rename = "type")]
    pub(crate) type_name: String,
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
    /// All files of the generation: shards, then sidecars.
    pub fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.shards.iter().chain(&self.sidecars)
    }

    /// What is wrong with it although every value has its type: the field, and how. Names lead to files that are
    /// read, and removed once they are superseded, so that none may lead elsewhere.
    ///
    /// # Errors
    /// One sentence that names the field.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !is_generation(&self.data) {
            return Err(format!("data: `{}` is not data/ and 32 hexadecimal digits", self.data));
        }
        let is_plan = match self.manifest_version {
            1 => self.plan.as_array().is_some_and(|lines| lines.iter().all(Value::is_string)),
            _ => self.plan.is_object(),
        };
        if !is_plan {
            return Err("plan: it is neither an object nor, in version 1, a list of lines".into());
        }
        let mut names = HashSet::new();
        for (list, files) in [("shards", &self.shards), ("sidecars", &self.sidecars)] {
            for (i, file) in files.iter().enumerate() {
                let wrong = |what: String| Err(format!("{list}[{i}].{what}"));
                if !is_plain(&file.name) {
                    return wrong(format!("name: `{}` is not the name of a file in this folder", file.name));
                }
                if !names.insert(&file.name) {
                    return wrong(format!("name: `{}` is there twice", file.name));
                }
                if list == "shards" && !FORMATS.contains(&file.format.as_str()) {
                    return wrong(format!("format: `{}` is none of {}", file.format, FORMATS.join(", ")));
                }
                let known = |split: &String| self.splits.iter().any(|s| s.name == *split);
                match &file.split {
                    Some(split) if list == "shards" && known(split) => {}
                    None if list == "sidecars" => {}
                    Some(split) => return wrong(format!("split: there is no split `{split}` here")),
                    None => return wrong("split: a shard must name its split".into()),
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

    /// The totals of a split are those of its shards, in every format there is.
    fn check_totals(&self, i: usize, split: &SplitTotals) -> Result<(), String> {
        if self.splits[..i].iter().any(|s| s.name == split.name) {
            return Err(format!("splits[{i}].name: there are two splits `{}`", split.name));
        }
        let counts =
            [("rows", split.rows), ("tokens", split.tokens), ("trained_tokens", split.trained_tokens)];
        if let Some((field, count)) = counts.iter().find(|(_, count)| *count > MOST) {
            return Err(format!("splits[{i}].{field}: {count} is too large"));
        }
        if split.trained_tokens > split.tokens {
            let SplitTotals { tokens, trained_tokens, .. } = split;
            return Err(format!("splits[{i}].trained_tokens: {trained_tokens} are trained of {tokens}"));
        }
        let mut endings: Vec<&str> = self.shards.iter().map(|s| ending(&s.name)).collect();
        endings.sort_unstable();
        endings.dedup();
        for end in endings {
            let shards = || self.shards.iter().filter(|s| is_of(s, &split.name) && ending(&s.name) == end);
            let sum = |count: fn(&FileEntry) -> u64| shards().map(|s| u128::from(count(s))).sum::<u128>();
            let counts = [("rows", split.rows, sum(|s| s.rows)), ("tokens", split.tokens, sum(|s| s.tokens))];
            let wrong =
                counts.iter().find(|(_, total, sum)| shards().next().is_some() && u128::from(*total) != *sum);
            if let Some((what, total, sum)) = wrong {
                return Err(format!(
                    "splits[{i}].{what}: split `{}` has {total} {what}, its shards {sum}",
                    split.name
                ));
            }
        }
        Ok(())
    }

    /// The shards of a split in a format, in order; of JSON lines in two compressions those of the first.
    pub fn shards_of<'m>(&'m self, split: &'m str, format: &'m str) -> impl Iterator<Item = &'m FileEntry> {
        let shards = self.shards.iter().filter(move |s| is_of(s, split) && s.format == format);
        let end = shards.clone().next().map(|s| ending(&s.name));
        shards.filter(move |s| Some(ending(&s.name)) == end)
    }

    /// The sidecar of this name.
    pub(crate) fn sidecar(&self, name: &str) -> Option<&FileEntry> {
        self.sidecars.iter().find(|f| f.name == name)
    }
}

/// A field that must be there, if null.
fn required<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(from)
}

fn is_of(shard: &FileEntry, split: &str) -> bool {
    shard.split.as_deref() == Some(split)
}

/// `arrow`, `jsonl`, `jsonl.gz`, …: the shards of one ending hold all rows of their split.
fn ending(name: &str) -> &str {
    name.split_once('.').map_or("", |(_, end)| end)
}

/// `data/` and 32 hexadecimal digits is what a generation is called.
fn is_generation(data: &str) -> bool {
    let digest = data.strip_prefix(DATA).and_then(|d| d.strip_prefix('/'));
    digest.is_some_and(|d| d.len() == 32 && d.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether a name stays in its folder.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0'])
}
