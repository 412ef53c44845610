//! Writes the shards of one split in one format. Rows are counted and files hashed while they are written.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;

use super::arrow::ArrowFile;
use super::checksummed_file::WrittenFile;
use super::cut::{Fill, Limit};
use super::format::Format;
use super::jsonl::{Compression, LinesFile};
use super::parquet::ParquetFile;
use super::ready_batch::Part;
use crate::artifact::manifest::FileEntry;
use crate::error::{Error, Result};
use crate::limits::{RECORD_BATCH_BYTES, RECORD_BATCH_ROWS};
use crate::store::{Files, Syncing};

/// The most files that are synced while the next one is written. If the disk is slower, the writer waits.
const SYNCING: usize = 4;

/// Where shards end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ShardPlan {
    /// When the next row would exceed this many bytes of content.
    Bytes(u64),
    /// After these numbers of rows, one number for each shard.
    Rows(Vec<u64>),
}

impl ShardPlan {
    /// Shards of about `shard_bytes` each, whose numbers of rows differ by at most 1.
    pub(crate) fn equal(rows: u64, bytes: u64, shard_bytes: u64) -> Self {
        let shards = bytes.div_ceil(shard_bytes.max(1)).clamp(1, rows.max(1));
        ShardPlan::Rows((0..shards).map(|i| rows / shards + u64::from(i < rows % shards)).collect())
    }
}

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Writes the shards of one split in one format.
pub(crate) struct ShardWriter {
    store: Files,
    folder: PathBuf,
    schema: SchemaRef,
    split: String,
    format: Format,
    plan: ShardPlan,
    fill: Fill,
    tokens: u64,
    open: Option<ShardFile>,
    finished: Vec<FileEntry>,
    syncing: VecDeque<Syncing>,
}

enum ShardFile {
    Arrow(Box<ArrowFile>),
    Parquet(Box<ParquetFile>),
    Lines(Box<LinesFile>),
}

impl ShardWriter {
    /// Writes to `folder`. The first file is created at the first row.
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
            finished: vec![],
            syncing: VecDeque::new(),
        }
    }

    /// Changes where shards end. Must be called before the first row.
    pub(crate) fn set_plan(&mut self, plan: ShardPlan) -> Result<()> {
        if self.open.is_some() || !self.finished.is_empty() {
            return Err(Error::internal("where shards end was set after the first row"));
        }
        self.plan = plan;
        Ok(())
    }

    /// Appends the rows of a part of this split.
    pub(super) fn push(&mut self, part: &Part) -> Result<()> {
        let sizes = match self.format {
            Format::Arrow | Format::Parquet => part.columns.as_ref().map(|(_, sizes)| sizes),
            Format::Jsonl { .. } | Format::Chat { .. } => part.lines.as_ref().map(|lines| &lines.sizes),
        };
        let sizes =
            sizes.ok_or_else(|| Error::internal("a batch was not made ready for a format of the sink"))?;
        let (mut row, mut byte) = (0, 0);
        while row < part.rows {
            let n = self.fill.take(&sizes[row..], self.limit()?);
            if n == 0 {
                self.close()?;
                continue;
            }
            let bytes = sizes[row..row + n].iter().sum::<u64>() as usize;
            self.tokens += part.tokens.iter().skip(row).take(n).map(|&t| u64::from(t)).sum::<u64>();
            match (self.shard()?, &part.columns, &part.lines) {
                (ShardFile::Arrow(file), Some((records, sizes)), _) => {
                    file.append(&records.slice(row, n), &sizes[row..row + n])?;
                }
                (ShardFile::Parquet(file), Some((records, sizes)), _) => {
                    file.append(&records.slice(row, n), &sizes[row..row + n])?;
                }
                (ShardFile::Lines(file), _, Some(lines)) => file.append(lines.bytes(byte..byte + bytes))?,
                _ => return Err(Error::internal("a batch was not made ready for a format of the sink")),
            }
            row += n;
            byte += bytes;
        }
        Ok(())
    }

    /// Closes the last shard, syncs all, gives them their final names, and returns their entries. A split without
    /// rows gets one empty shard, so that it can be loaded.
    pub(crate) fn finish(&mut self) -> Result<Vec<FileEntry>> {
        if self.open.is_some() || self.finished.is_empty() {
            self.close()?;
        }
        if let ShardPlan::Rows(planned) = &self.plan {
            let written: Vec<u64> = self.finished.iter().map(|f| f.rows).collect();
            if planned.iter().sum::<u64>() > 0 && *planned != written {
                return Err(Error::internal(format!(
                    "shards of {planned:?} rows were planned, but shards of {written:?} rows were written"
                )));
            }
        }
        self.syncing.drain(..).try_for_each(Syncing::wait)?;
        let count = self.finished.len();
        for (i, shard) in self.finished.iter_mut().enumerate() {
            let name = format!("{}-{i:05}-of-{count:05}.{}", self.split, self.format.extension());
            self.store.rename(&self.folder.join(&shard.name), &self.folder.join(&name))?;
            shard.name = name;
        }
        Ok(std::mem::take(&mut self.finished))
    }

    fn limit(&self) -> Result<Limit> {
        match &self.plan {
            ShardPlan::Bytes(bytes) => Ok(Limit { rows: u64::MAX, bytes: *bytes }),
            ShardPlan::Rows(rows) => match rows.get(self.finished.len()) {
                Some(&rows) => Ok(Limit { rows, bytes: u64::MAX }),
                None => Err(Error::internal(format!(
                    "there are more rows than the {} that were planned",
                    rows.iter().sum::<u64>()
                ))),
            },
        }
    }

    /// The shard that is being written; creates it if there is none.
    fn shard(&mut self) -> Result<&mut ShardFile> {
        if self.open.is_none() {
            let name = format!("{}-{:05}.{}", self.split, self.finished.len(), self.format.extension());
            let path = self.folder.join(name);
            let limit = Limit { rows: RECORD_BATCH_ROWS as u64, bytes: RECORD_BATCH_BYTES as u64 };
            self.open = Some(match self.format {
                Format::Arrow => {
                    ShardFile::Arrow(Box::new(ArrowFile::create(&self.store, &path, &self.schema, limit)?))
                }
                Format::Parquet => ShardFile::Parquet(Box::new(ParquetFile::create(
                    &self.store,
                    &path,
                    &self.schema,
                    limit,
                )?)),
                Format::Jsonl { compression } => {
                    ShardFile::Lines(Box::new(LinesFile::create(&self.store, &path, compression)?))
                }
                Format::Chat { has_mark } => {
                    let mut file = LinesFile::create(&self.store, &path, Compression::None)?;
                    if has_mark {
                        file.append(MARK)?;
                    }
                    ShardFile::Lines(Box::new(file))
                }
            });
        }
        self.open.as_mut().ok_or_else(|| Error::internal("no shard is open"))
    }

    fn close(&mut self) -> Result<()> {
        self.shard()?;
        let Some(open) = self.open.take() else { return Ok(()) };
        let WrittenFile { file, bytes, xxh3 } = match open {
            ShardFile::Arrow(file) => file.close()?,
            ShardFile::Parquet(file) => file.close()?,
            ShardFile::Lines(file) => file.close()?,
        };
        let name = file.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.finished.push(FileEntry {
            name,
            split: Some(self.split.clone()),
            format: self.format.name().into(),
            rows: std::mem::take(&mut self.fill).rows(),
            tokens: std::mem::take(&mut self.tokens),
            bytes,
            xxh3,
        });
        self.syncing.push_back(file.sync_in_background()?);
        if self.syncing.len() > SYNCING
            && let Some(oldest) = self.syncing.pop_front()
        {
            oldest.wait()?;
        }
        Ok(())
    }
}
