//! Runs into a folder: refuses a result that is no data set, and publishes any other with its manifest.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::interrupt::{Interrupted, interruptible};
use super::report::report;
use super::resources::Resources;
use super::result_errors::{NO_COLUMNS, NO_ROWS, TOO_MANY_REJECTS, summed_up};
use super::run_plan::run_plan;
use super::sources::Sources;
use crate::artifact::Manifest;
use crate::artifact::manifest::{MANIFEST_VERSION, SplitTotals, Tokenizer};
use crate::cancel::{Cancel, Phase};
use crate::error::{Class, Error, Result};
use crate::flow::Map;
use crate::plan::Resolved;
use crate::report::Report;
use crate::store::Files;
use crate::write::{Format, JsonLossesStage, ShardSink, SinkOptions};

/// How many rows may be rejected before nothing is published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxRejects {
    /// So many rows.
    Rows(u64),
    /// So large a share of the rows read.
    Share(f64),
}

/// Where and how a run writes.
#[derive(Debug, Clone)]
pub struct Target {
    /// The folder.
    pub dir: PathBuf,
    /// Whether a data set of ours there is replaced.
    pub overwrite: bool,
    /// At least one.
    pub formats: Vec<Format>,
    /// Bytes a shard aims at.
    pub shard_bytes: u64,
    /// None: any number.
    pub max_rejects: Option<MaxRejects>,
}

/// The report of a run that was published.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Published {
    /// What the manifest holds too.
    #[serde(flatten)]
    pub(crate) report: Report,
    /// The totals of each split.
    pub(crate) splits: Vec<SplitTotals>,
    /// Bytes of the inputs as stored.
    pub(crate) bytes_read: u64,
    /// The folder.
    pub(crate) path: String,
    /// The file of rejects, where there are some.
    pub(crate) rejects: Option<String>,
    /// The file of duplicates, where there are some.
    pub(crate) duplicates: Option<String>,
    /// The next command to type.
    pub(crate) next: String,
}

impl Published {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        // Nothing in it fails: all keys are text.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Runs into a folder and publishes it; gives the report, without times.
pub fn sink(
    plan: &Resolved,
    target: &Target,
    resources: Resources,
    disk: Files,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Published> {
    if target.overwrite {
        plan.job.origins.iter().try_for_each(|origin| origin.found.lies_outside(&target.dir))?;
    }
    let sources = Sources::open(&plan.job, resources, true, cancel, interrupted)?;
    let names = sources.names();
    let mut shards = ShardSink::open(
        SinkOptions {
            dir: target.dir.clone(),
            overwrite: target.overwrite,
            formats: target.formats.clone(),
            schema: plan.job.schema.clone(),
            shard_bytes: target.shard_bytes,
            split_names: plan.job.split_names.clone(),
            file_names: names.clone(),
            against: plan.description.against.clone(),
            key_recipe: plan.description.key_recipe.clone(),
        },
        disk.clone(),
    )?;
    let read = sources.read();
    let spill = resources.spill(disk, shards.staging().to_path_buf());
    let as_lines = target.formats.iter().any(|format| matches!(format, Format::Jsonl { .. }));
    let last =
        as_lines.then(|| -> Arc<dyn Map> { Arc::new(JsonLossesStage { columns: plan.job.schema.clone() }) });
    let counts = run_plan(&plan.job, sources, last, &mut shards, spill, resources, cancel, interrupted)?;
    let report = report(plan, &counts, &names);
    cancel.begin(Phase::Publish);
    if interrupted() {
        return Err(Error::cancelled());
    }
    accept(plan, &report, target, &mut Some(shards)).and_then(|shards| {
        let (inputs, streams) = interruptible(cancel, interrupted, || {
            Ok((read.list(cancel)?, read.streams(&plan.job, cancel)?))
        })?;
        let bytes: u64 = inputs.iter().map(|i| i.bytes).sum();
        let manifest = shards.commit(Manifest {
            manifest_version: MANIFEST_VERSION,
            fastprep_version: env!("CARGO_PKG_VERSION").into(),
            data: String::new(),
            fingerprint: plan.description.fingerprint(&inputs, &streams),
            plan: plan.description.plan.clone(),
            explain: plan.description.lines.clone(),
            format: plan
                .description
                .format
                .as_ref()
                .map_or(Value::Null, |f| serde_json::from_str(&f.to_json()).unwrap_or(Value::Null)),
            tokenizer: tokenizer(plan),
            schema: Vec::new(),
            inputs,
            splits: Vec::new(),
            shards: Vec::new(),
            sidecars: Vec::new(),
            key_recipe: plan.description.key_recipe.clone(),
            report: report.to_json(),
        })?;
        let path = target.dir.display().to_string();
        let beside = |name: &str| target.dir.join(name).display().to_string();
        let duplicates = manifest.sidecar("duplicates.jsonl");
        Ok(Published {
            rejects: (report.rows.rejected > 0).then(|| beside("rejects.jsonl")),
            duplicates: duplicates.map(|f| beside(&format!("{}/{}", manifest.data, f.name))),
            report,
            splits: manifest.splits,
            bytes_read: bytes,
            next: format!("fastprep verify {}", quoted(&path)),
            path,
        })
    })
}

/// Refuses a result that is no data set; its rejects are kept beside the folder.
fn accept(
    plan: &Resolved,
    report: &Report,
    target: &Target,
    shards: &mut Option<ShardSink>,
) -> Result<ShardSink> {
    let shards = shards.take().ok_or_else(|| Error::internal("the sink was lost"))?;
    let (read, rejected, written) = (report.rows.read, shards.rejected(), report.rows.written);
    let too_many = match target.max_rejects {
        Some(MaxRejects::Rows(most)) => (rejected > most).then(|| format!("max_rejects={most}")),
        Some(MaxRejects::Share(most)) => (rejected as f64 > most * read as f64)
            .then(|| format!("max_rejects={most} ({most} of the rows read)")),
        None => None,
    };
    let (code, message) = match too_many {
        Some(limit) => {
            let message = format!("{rejected} of {read} rows were rejected, more than {limit} allows");
            (TOO_MANY_REJECTS, message)
        }
        None if written > 0 && plan.visible().is_empty() => (
            NO_COLUMNS,
            format!("no column reaches the sink with the {written} rows that are left of {read}"),
        ),
        None if written > 0 => return Ok(shards),
        None if read == 0 => {
            return Err(Error::new(Class::Data, NO_ROWS, "the input has no row; nothing was published")
                .help("check that it is the right input, and not empty"));
        }
        None => (NO_ROWS, format!("no row is left of the {read} read")),
    };
    let mut error = summed_up(code, &message, "; nothing was published", report).path(target.dir.display());
    if code == NO_COLUMNS {
        error = error.help("check that it is the right input: an object with at least one key is a row");
    }
    if rejected == 0 {
        return Err(error);
    }
    let kept = shards.abandon_with_rejects()?;
    let fix = error.get_help().map_or_else(String::new, |fix| format!("{fix}; "));
    let help = format!("{fix}the rejects are kept, each with its reason and place");
    Err(error.path(kept.display()).help(help))
}

fn tokenizer(plan: &Resolved) -> Option<Tokenizer> {
    plan.description.tokenizer.as_ref().map(|t| Tokenizer {
        digest: t.digest.clone(),
        vocab_size: t.vocab_size as u64,
        bos_token_id: t.bos_id,
        eos_token_id: t.eos_id,
        pad_token_id: t.pad_id,
        max_length: plan.description.max_length.map(|n| n as u64),
        add_eos: Some(plan.description.end.is_some_and(|end| end.eos_id().is_some())),
    })
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+@%:=,~".contains(c);
    match path {
        _ if path.starts_with(['-', '~']) => quoted(&format!("./{path}")),
        _ if path.chars().all(plain) => path.into(),
        _ => format!("'{}'", path.replace('\'', r"'\''")),
    }
}
