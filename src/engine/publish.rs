//! Runs a plan into a folder and publishes it with its manifest, unless the result is empty or has too many rejects.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::interrupt::Interrupted;
use super::lint::{ToLint, lint};
use super::report::report;
use super::resources::Resources;
use super::result_errors::{NO_COLUMNS, NO_ROWS, TOO_MANY_REJECTS, summary_error};
use super::run::Run;
use super::run_plan::run_plan;
use super::sources::Sources;
use crate::artifact::Manifest;
use crate::artifact::manifest::{MANIFEST_VERSION, SplitTotals, Tokenizer};
use crate::cancel::{Cancel, Phase};
use crate::error::{Class, Error, Result};
use crate::flow::Map;
use crate::lint::Refused;
use crate::plan::Resolved;
use crate::report::Report;
use crate::store::Files;
use crate::write::{Compression, Format, JsonLossesStage, MakeReport, ShardSink, SinkOptions};

/// The limit of rejected rows above which nothing is published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxRejects {
    /// A number of rows.
    Rows(u64),
    /// A share of the rows read.
    Share(f64),
}

/// Where and how a run writes.
#[derive(Debug, Clone)]
pub struct Target {
    /// The folder to publish.
    pub dir: PathBuf,
    /// Whether a data set that fastprep wrote there before is replaced.
    pub overwrite: bool,
    /// The formats to write, at least one.
    pub formats: Vec<Format>,
    /// The target size of a shard in bytes.
    pub shard_bytes: u64,
    /// The limit of rejects, if there is one.
    pub max_rejects: Option<MaxRejects>,
    /// Makes the report that is published with the data, if there is one.
    pub report: Option<Arc<dyn MakeReport>>,
}

/// The report of a run that was published.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Published {
    /// The report, which the manifest holds too.
    #[serde(flatten)]
    pub(crate) report: Report,
    /// The totals of each split.
    pub(crate) splits: Vec<SplitTotals>,
    /// The stored bytes of the inputs.
    pub(crate) bytes_read: u64,
    /// The path of the folder.
    pub(crate) path: String,
    /// The file of rejects, if there are any.
    pub(crate) rejects: Option<String>,
    /// The file of duplicates, if there are any.
    pub(crate) duplicates: Option<String>,
    /// A command to run next.
    pub(crate) next: String,
}

impl Published {
    /// The report and these fields as JSON.
    pub fn to_json(&self) -> Value {
        // This cannot fail: all keys are text.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Runs a plan into a folder and publishes it. The report has no times.
///
/// # Errors
/// Those of the sources and stages; `Publish` if the folder cannot be written; `Data` if the result is empty or has
/// too many rejects.
pub fn sink(
    plan: &Resolved,
    target: &Target,
    resources: Resources,
    disk: Files,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Published> {
    if target.overwrite {
        plan.job.origins.iter().try_for_each(|origin| origin.source.check_not_replaced(&target.dir))?;
    }
    let mut run = Run { job: &plan.job, resources, cancel, interrupted };
    let sources = Sources::open(&mut run, true)?;
    let names = sources.names();
    let mut shards = ShardSink::open(
        SinkOptions {
            dir: target.dir.clone(),
            overwrite: target.overwrite,
            formats: formats(plan, target),
            schema: plan.job.schema.clone(),
            shard_bytes: target.shard_bytes,
            split_names: plan.job.split_names.clone(),
            file_names: names.clone(),
            against: plan.description.against.clone(),
            report: target.report.is_some(),
            key_recipe: plan.description.key_recipe.clone(),
        },
        disk.clone(),
    )?;
    let read = sources.read();
    let spill = resources.spill(disk.clone(), shards.staging().to_path_buf());
    let as_lines = target.formats.iter().any(|format| format.is_lines());
    let last =
        as_lines.then(|| -> Arc<dyn Map> { Arc::new(JsonLossesStage { columns: plan.job.schema.clone() }) });
    let counts = run_plan(&mut run, sources, last, &mut shards, spill)?;
    let report = report(plan, &counts, &names);
    cancel.begin(if target.report.is_some() { Phase::Inspect } else { Phase::Publish });
    if (run.interrupted)() {
        return Err(Error::cancelled());
    }
    check_result(plan, &report, target, &mut Some(shards)).and_then(|shards| {
        let mut shards = check_files(plan, shards, &disk, &mut run)?;
        let uploaded = uploaded(plan, &shards);
        if let Some(maker) = &target.report {
            shards.add_report(maker.make(&json!({
                "inputs": *names,
                "plan": plan.description.lines,
                "report": report.to_json(),
                "splits": shards.splits(),
            }))?)?;
            cancel.begin(Phase::Publish);
            if (run.interrupted)() {
                return Err(Error::cancelled());
            }
        }
        let (inputs, streams) =
            run.interruptible(|| Ok((read.list(cancel)?, read.streams(&plan.job, cancel)?)))?;
        let bytes: u64 = inputs.iter().map(|i| i.bytes).sum();
        let manifest = shards.commit(Manifest {
            manifest_version: MANIFEST_VERSION,
            fastprep_version: env!("CARGO_PKG_VERSION").into(),
            data: String::new(),
            fingerprint: plan.description.fingerprint(&inputs, &streams),
            plan: plan.description.plan.clone(),
            explain: plan.description.lines.clone(),
            format: plan.description.published_format()?,
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
        let next = match (plan.description.target, uploaded) {
            (Some(chat), Some(name)) => {
                let file = target.dir.join(&manifest.data).join(name).display().to_string();
                format!("fastprep lint {} --target {}", quoted(&file), chat.name)
            }
            _ => format!("fastprep verify {}", quoted(&path)),
        };
        let within = |name: &str| target.dir.join(name).display().to_string();
        let duplicates = manifest.sidecar("duplicates.jsonl");
        Ok(Published {
            rejects: (report.rows.rejected > 0).then(|| within("rejects.jsonl")),
            duplicates: duplicates.map(|f| within(&format!("{}/{}", manifest.data, f.name))),
            report,
            splits: manifest.splits,
            bytes_read: bytes,
            next,
            path,
        })
    })
}

/// Checks that the result is not empty and has no more rejects than allowed. Otherwise, its rejects are kept next to
/// the folder.
fn check_result(
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
        None if written > 0 && plan.visible().is_empty() => {
            (NO_COLUMNS, format!("the {written} rows left of {read} have no columns"))
        }
        None if written > 0 => return Ok(shards),
        None if read == 0 => {
            return Err(Error::new(Class::Data, NO_ROWS, "the input has no rows; nothing was published")
                .help("check that it is the right input, and that it is not empty"));
        }
        None => (NO_ROWS, format!("no rows are left of the {read} read")),
    };
    let mut error =
        summary_error(code, &message, "; nothing was published", report).path(target.dir.display());
    if code == NO_COLUMNS {
        error = error.help("check that it is the right input: each row must have at least one column");
    }
    if rejected == 0 {
        return Err(error);
    }
    let kept = shards.abandon_with_rejects()?;
    let fix = error.get_help().map_or_else(String::new, |fix| format!("{fix}; "));
    let help = format!("{fix}the rejects are kept in that file, each with its reason and place");
    Err(error.path(kept.display()).help(help))
}

/// The formats of the files. Lines of conversations are written as their target asks for.
fn formats(plan: &Resolved, target: &Target) -> Vec<Format> {
    let chat = |format: &Format| match (plan.description.target, format) {
        (Some(chat), Format::Jsonl { compression: Compression::None }) => {
            Format::Chat { has_mark: chat.has_mark() }
        }
        _ => *format,
    };
    target.formats.iter().map(chat).collect()
}

/// Checks that the target of conversations has no reason to refuse the files of lines.
fn check_files(plan: &Resolved, shards: ShardSink, disk: &Files, run: &mut Run<'_>) -> Result<ShardSink> {
    let staged = shards.staged_lines();
    let Some(target) = plan.description.target.filter(|_| !staged.is_empty()) else { return Ok(shards) };
    let is_train =
        |split: &Option<String>| split.as_deref() == plan.job.split_names.first().map(String::as_str);
    let (train, valid): (Vec<_>, Vec<_>) = staged.into_iter().partition(|(split, _)| is_train(split));
    let paths = |files: Vec<(Option<String>, PathBuf)>| files.into_iter().map(|(_, path)| path).collect();
    let folder = Some(shards.staging().to_path_buf());
    let files = ToLint { target, train: paths(train), valid: paths(valid), folder };
    let found = lint(files, disk, None, run.resources, run.cancel, run.interrupted)?;
    let Some(Refused { code, limit, fix, name, line, detail }) = found.refused() else { return Ok(shards) };
    let place = line.map_or(name.clone(), |line| format!("{name}, line {line}"));
    let message =
        format!("{} would refuse {place}: {code}: {limit}: {detail}; nothing was published", target.name);
    let error = Error::new(Class::Data, "refused_by_target", message);
    if shards.rejected() == 0 {
        return Err(error.help(fix));
    }
    let kept = shards.abandon_with_rejects()?;
    Err(error
        .path(kept.display())
        .help(format!("{fix}; the rejects are kept in that file, each with its reason and place")))
}

/// The first file of conversations.
fn uploaded(plan: &Resolved, shards: &ShardSink) -> Option<OsString> {
    plan.description.target?;
    let (_, path) = shards.staged_lines().into_iter().next()?;
    path.file_name().map(OsString::from)
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

/// A path, quoted for a shell.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+@%:=,~".contains(c);
    match path {
        _ if path.starts_with(['-', '~']) => quoted(&format!("./{path}")),
        _ if path.chars().all(plain) => path.into(),
        _ => format!("'{}'", path.replace('\'', r"'\''")),
    }
}
