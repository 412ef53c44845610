//! The sink that writes shards and sidecars, and publishes them.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::Schema;

use super::format::{Format, JSONL};
use super::layout;
use super::options::SinkOptions;
use super::parquet;
use super::publish::Publisher;
use super::ready_batch::{ReadyBatch, ReadyBatchMaker};
use super::report_files::ReportFiles;
use super::shard::{ShardPlan, ShardWriter};
use super::sidecar::Sidecars;
use crate::artifact::manifest::{Column, FileEntry, MANIFEST_VERSION, Manifest, SplitTotals};
use crate::artifact::verify::REJECTS;
use crate::error::Result;
use crate::flow::{MakeReady, Sink, Totals};
use crate::record::schema::type_name;
use crate::store::Files;

/// Writes shards and sidecars; [`ShardSink::commit`] publishes them. If it is dropped before, its files are removed.
pub(crate) struct ShardSink {
    ready_maker: Arc<ReadyBatchMaker>,
    /// The writers, ordered by split, then by format.
    shards: Vec<ShardWriter>,
    shard_bytes: u64,
    formats: usize,
    splits: Vec<SplitTotals>,
    sidecars: Sidecars,
    files: Option<(Vec<FileEntry>, Vec<FileEntry>)>,
    columns: Vec<Column>,
    // The last field, so that all files are closed when it removes its folder.
    publisher: Publisher,
}

impl ShardSink {
    /// Locks the folder. Errors: `bad_sink` (`Class::Plan`), and those of [`Publisher::open`] (`Class::Publish`).
    pub(crate) fn open(options: SinkOptions, store: Files) -> Result<Self> {
        options.check()?;
        let mut schema = layout::written_schema(&options.schema);
        if options.formats.contains(&Format::Parquet) {
            parquet::check(&schema)?;
            schema = layout::parquet_schema(&schema);
        }
        let publisher = Publisher::open(&options.dir, options.overwrite, store.clone())?;
        if options.report {
            publisher.check_report()?;
        }
        let staging = publisher.staging().to_path_buf();
        let shard = |split: &String, format: &Format| {
            ShardWriter::new(&store, &staging, &schema, split, *format, ShardPlan::Bytes(options.shard_bytes))
        };
        let shards = options
            .split_names
            .iter()
            .flat_map(|s| options.formats.iter().map(move |f| shard(s, f)))
            .collect();
        let sidecars = Sidecars::create(&store, &staging, options.key_recipe.as_deref())?;
        let totals = |name: &String| SplitTotals { name: name.clone(), ..SplitTotals::default() };
        Ok(ShardSink {
            shards,
            shard_bytes: options.shard_bytes,
            formats: options.formats.len(),
            splits: options.split_names.iter().map(totals).collect(),
            sidecars,
            files: None,
            columns: columns(&schema),
            publisher,
            ready_maker: Arc::new(ReadyBatchMaker {
                schema,
                columns: options.formats.iter().any(|f| !f.is_lines()),
                lines: options.formats.iter().copied().find(|f| f.is_lines()),
                split_names: options.split_names,
                file_names: options.file_names,
                against: options.against,
                key_recipe: options.key_recipe,
            }),
        })
    }

    /// The hidden folder that is written to; spilled rows may be in it too.
    pub(crate) fn staging(&self) -> &std::path::Path {
        self.publisher.staging()
    }

    /// Sets where the shards of each split end; `None` changes nothing. Must be called before the first row.
    pub(crate) fn plan_shards(&mut self, plans: Vec<Option<ShardPlan>>) -> Result<()> {
        for (shards, plan) in self.shards.chunks_mut(self.formats).zip(plans) {
            if let Some(plan) = plan {
                shards.iter_mut().try_for_each(|s| s.set_plan(plan.clone()))?;
            }
        }
        Ok(())
    }

    /// The totals of each split so far.
    pub(crate) fn splits(&self) -> &[SplitTotals] {
        &self.splits
    }

    /// Adds the report to the files that are published. Must be called after the last row.
    pub(crate) fn add_report(&mut self, report: ReportFiles) -> Result<()> {
        if self.files.is_none() {
            self.finish()?;
        }
        let entry = self.sidecars.write_report(&report.json)?;
        if let Some((_, sidecars)) = &mut self.files {
            sidecars.push(entry);
        }
        self.publisher.add_pages(report);
        Ok(())
    }

    /// Publishes the files. Sets `manifest_version`, `data`, `schema`, `splits`, `shards`, `sidecars` and
    /// `key_recipe` of the manifest; the caller sets all other fields. Calls [`Sink::finish`] if it was not called.
    pub(crate) fn commit(mut self, mut manifest: Manifest) -> Result<Manifest> {
        if self.files.is_none() {
            self.finish()?;
        }
        (manifest.shards, manifest.sidecars) = self.files.take().unwrap_or_default();
        manifest.manifest_version = MANIFEST_VERSION;
        manifest.schema = self.columns;
        manifest.splits = self.splits;
        manifest.key_recipe.clone_from(&self.ready_maker.key_recipe);
        self.publisher.commit(manifest)
    }

    /// The number of rejects in the finished file. After a `head`, it may be smaller than the number that stages
    /// counted.
    pub(crate) fn rejected(&self) -> u64 {
        let sidecars = self.files.iter().flat_map(|(_, sidecars)| sidecars);
        sidecars.filter(|file| file.name == REJECTS).map(|file| file.rows).sum()
    }

    /// The finished files of lines that would be published, with their splits.
    pub(crate) fn staged_lines(&self) -> Vec<(Option<String>, PathBuf)> {
        let shards = self.files.iter().flat_map(|(shards, _)| shards);
        let lines = shards.filter(|file| file.format == JSONL);
        lines.map(|file| (file.split.clone(), self.staging().join(&file.name))).collect()
    }

    /// Publishes no data. Writes the rejects so far to `<dir>.rejects.jsonl`, and returns that path.
    pub(crate) fn abandon_with_rejects(mut self) -> Result<PathBuf> {
        self.sidecars.finish_rejects()?;
        drop((self.shards, self.sidecars));
        self.publisher.abandon_with_rejects()
    }
}

impl Sink for ShardSink {
    type Ready = ReadyBatch;

    fn ready_maker(&self) -> Arc<dyn MakeReady<ReadyBatch>> {
        self.ready_maker.clone()
    }

    fn push(&mut self, ready: ReadyBatch) -> Result<()> {
        for part in &ready.parts {
            let totals = &mut self.splits[part.split];
            totals.rows += part.rows as u64;
            totals.tokens += part.tokens.iter().map(|&t| u64::from(t)).sum::<u64>();
            totals.trained_tokens += part.trained_tokens;
            for shards in &mut self.shards[part.split * self.formats..][..self.formats] {
                shards.push(part)?;
            }
        }
        self.sidecars.push(ready.keys.as_ref(), &ready.removed)
    }

    fn expect(&mut self, totals: &Totals) -> Result<()> {
        let plans = totals
            .rows
            .iter()
            .zip(&totals.bytes)
            .map(|(r, b)| Some(ShardPlan::equal(*r, *b, self.shard_bytes)));
        self.plan_shards(plans.collect())
    }

    fn finish(&mut self) -> Result<()> {
        let mut shards = vec![];
        for writer in &mut self.shards {
            shards.extend(writer.finish()?);
        }
        self.files = Some((shards, self.sidecars.finish()?));
        Ok(())
    }
}

fn columns(schema: &Schema) -> Vec<Column> {
    schema.fields().iter().map(|f| Column { name: f.name().clone(), type_name: type_name(f) }).collect()
}
