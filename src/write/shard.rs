//! The shards of one split in one format: cut in row order, counted and hashed while they are written.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;

use super::arrow::ArrowFile;
use super::batch_preparer::Part;
use super::block::WrittenFile;
use super::cut::{Fill, Limit};
use super::format::Format;
use super::jsonl::LinesFile;
use crate::artifact::manifest::FileEntry;
use crate::error::{Error, Result};
use crate::limits::{RECORD_BATCH_BYTES, RECORD_BATCH_ROWS};
use crate::store::{Files, Syncing};

/// Files that are being synced while the next one is written, at most: a slow disk holds the writer back.
const SYNCING: usize = 4;

/// Where shards end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ShardPlan {
    /// When the content reaches this many bytes.
    Bytes(u64),
    /// After exactly these rows: one number for each shard.
    Rows(Vec<u64>),
}

impl ShardPlan {
    /// Shards of equal size, ±1 row, of about `shard_bytes` each.
    pub(crate) fn equal(rows: u64, bytes: u64, shard_bytes: u64) -> Self {
        let shards = bytes.div_ceil(shard_bytes.max(1)).clamp(1, rows.max(1));
        ShardPlan::Rows((0..shards).map(|i| rows / shards + u64::from(i < rows % shards)).collect())
    }
}

/// Writes them.
pub(crate) struct ShardWriter {
    store: Files,
    folder: PathBuf,
    schema: SchemaRef,
    split: String,
    format: Format,
    plan: ShardPlan,
    fill: Fill,
    tokens: u64,
    open: Option<Open>,
    done: Vec<FileEntry>,
    syncing: VecDeque<Syncing>,
}

enum Open {
    Arrow(Box<ArrowFile>),
    Lines(Box<LinesFile>),
}

impl ShardWriter {
    /// Writes to `folder`; nothing is made before the first row.
    pub(crate) fn new(
        store: &Files,
        folder: &Path,
        schema: &SchemaRef,
        split: &str,
        format: Format,
        plan: ShardPlan,
    ) -> Self {
        ShardWriter {
            store: store.clone(),
            folder: folder.to_path_buf(),
            schema: schema.clone(),
            split: split.to_string(),
            format,
            plan,
            fill: Fill::default(),
            tokens: 0,
            open: None,
            done: vec![],
            syncing: VecDeque::new(),
        }
    }

    /// Changes where shards end; only before the first row.
    pub(crate) fn set_plan(&mut self, plan: ShardPlan) -> Result<()> {
        if self.open.is_some() || !self.done.is_empty() {
            return Err(Error::internal("shards were planned after the first row"));
        }
        self.plan = plan;
        Ok(())
    }

    /// Appends the rows of a part of this split.
    pub(super) fn push(&mut self, part: &Part) -> Result<()> {
        let sizes = match self.format {
            Format::Arrow => part.arrow.as_ref().map(|(_, sizes)| sizes),
            Format::Jsonl { .. } => part.lines.as_ref().map(|lines| &lines.sizes),
        };
        let sizes = sizes.ok_or_else(|| Error::internal("a batch was not prepared for its format"))?;
        let (mut row, mut byte) = (0, 0);
        while row < part.rows {
            let n = self.fill.take(&sizes[row..], self.limit()?);
            if n == 0 {
                self.close()?;
                continue;
            }
            let bytes = sizes[row..row + n].iter().sum::<u64>() as usize;
            self.tokens += part.tokens.iter().skip(row).take(n).map(|&t| u64::from(t)).sum::<u64>();
            match (self.shard()?, &part.arrow, &part.lines) {
                (Open::Arrow(file), Some((records, sizes)), _) => {
                    file.append(&records.slice(row, n), &sizes[row..row + n])?;
                }
                (Open::Lines(file), _, Some(lines)) => file.append(lines.bytes(byte..byte + bytes))?,
                _ => return Err(Error::internal("a batch was not prepared for its format")),
            }
            row += n;
            byte += bytes;
        }
        Ok(())
    }

    /// Closes the last shard, makes all durable under their final names, and says what there is. A split
    /// without rows has one empty shard, so that it can be loaded.
    pub(crate) fn finish(&mut self) -> Result<Vec<FileEntry>> {
        if self.open.is_some() || self.done.is_empty() {
            self.close()?;
        }
        if let ShardPlan::Rows(planned) = &self.plan {
            let written: Vec<u64> = self.done.iter().map(|f| f.rows).collect();
            if planned.iter().sum::<u64>() > 0 && *planned != written {
                return Err(Error::internal(format!(
                    "shards of {planned:?} rows were planned, {written:?} written"
                )));
            }
        }
        self.syncing.drain(..).try_for_each(Syncing::wait)?;
        let count = self.done.len();
        for (i, shard) in self.done.iter_mut().enumerate() {
            let name = format!("{}-{i:05}-of-{count:05}.{}", self.split, self.format.extension());
            self.store.rename(&self.folder.join(&shard.name), &self.folder.join(&name))?;
            shard.name = name;
        }
        Ok(std::mem::take(&mut self.done))
    }

    fn limit(&self) -> Result<Limit> {
        match &self.plan {
            ShardPlan::Bytes(bytes) => Ok(Limit { rows: u64::MAX, bytes: *bytes }),
            ShardPlan::Rows(rows) => match rows.get(self.done.len()) {
                Some(&rows) => Ok(Limit { rows, bytes: u64::MAX }),
                None => Err(Error::internal(format!(
                    "more rows came than the planned {}",
                    rows.iter().sum::<u64>()
                ))),
            },
        }
    }

    /// The shard being written.
    fn shard(&mut self) -> Result<&mut Open> {
        if self.open.is_none() {
            let name = format!("{}-{:05}.{}", self.split, self.done.len(), self.format.extension());
            let path = self.folder.join(name);
            self.open = Some(match self.format {
                Format::Arrow => {
                    let limit = Limit { rows: RECORD_BATCH_ROWS as u64, bytes: RECORD_BATCH_BYTES as u64 };
                    Open::Arrow(Box::new(ArrowFile::create(&self.store, &path, &self.schema, limit)?))
                }
                Format::Jsonl { compression } => {
                    Open::Lines(Box::new(LinesFile::create(&self.store, &path, compression)?))
                }
            });
        }
        self.open.as_mut().ok_or_else(|| Error::internal("no shard is open"))
    }

    fn close(&mut self) -> Result<()> {
        self.shard()?;
        let Some(open) = self.open.take() else { return Ok(()) };
        let WrittenFile { file, bytes, xxh3 } = match open {
            Open::Arrow(file) => file.close()?,
            Open::Lines(file) => file.close()?,
        };
        let name = file.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.done.push(FileEntry {
            name,
            split: Some(self.split.clone()),
            format: self.format.name().into(),
            rows: std::mem::take(&mut self.fill).rows(),
            tokens: std::mem::take(&mut self.tokens),
            bytes,
            xxh3,
        });
        self.syncing.push_back(file.sync_beside()?);
        if self.syncing.len() > SYNCING
            && let Some(oldest) = self.syncing.pop_front()
        {
            oldest.wait()?;
        }
        Ok(())
    }
}
