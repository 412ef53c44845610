//! A resolved plan, run into a folder or into memory.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use serde_json::{Value, json};

use super::outcome::{NO_COLUMNS, NO_ROWS, TOO_MANY_REJECTS, summed_up};
use super::{FINDINGS, Job, RunOptions, Stage, UNCOUNTED, attended, run};
use crate::artifact::Manifest;
use crate::artifact::manifest::{MANIFEST_VERSION, Tokenizer};
use crate::cancel::{Cancel, Phase};
use crate::disk::Disk;
use crate::error::{Class, Error, Result};
use crate::limits::{BATCH_BYTES, BATCH_ROWS, IN_FLIGHT_PER_THREAD, SHUFFLE_MEMORY_BYTES};
use crate::pack::{JoinRows, PackSink};
use crate::plan::Resolved;
use crate::plan::resolve::{Barrier, Build, Counted};
use crate::plan::source::Opened;
use crate::read::Limits;
use crate::record::{Batch, FileNames, Place};
use crate::report::{Removed, StepCounts, quantile};
use crate::shuffle::{PickRows, ShuffleSink};
use crate::spill::Spill;
use crate::stage::{Decode, Map, Prepare, Sink};
use crate::write::{Collect, Format, LossesStage, PlainStage, ShardSink, SinkOptions};

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

/// The knobs that can change no byte: threads and batch sizes.
#[derive(Debug, Clone, Copy)]
pub struct Knobs {
    /// Worker threads.
    pub threads: usize,
    /// Text of a batch.
    pub batch_bytes: usize,
    /// Rows of a batch.
    pub batch_rows: usize,
    /// Bytes of rows that a shuffle holds before it spills them.
    pub shuffle_bytes: u64,
}

impl Knobs {
    /// From the environment: `FASTPREP_THREADS`, `FASTPREP_BATCH_BYTES`, `FASTPREP_BATCH_ROWS`.
    pub fn from_env(threads: Option<usize>) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Knobs {
            threads: threads.map_or_else(|| number("FASTPREP_THREADS", cores), Ok)?.max(1),
            batch_bytes: number("FASTPREP_BATCH_BYTES", BATCH_BYTES)?,
            batch_rows: number("FASTPREP_BATCH_ROWS", BATCH_ROWS)?,
            shuffle_bytes: SHUFFLE_MEMORY_BYTES,
        })
    }

    fn spill_anywhere(self) -> Spill {
        self.spill(Disk::real(), std::env::temp_dir())
    }

    fn spill(self, disk: Disk, folder: PathBuf) -> Spill {
        Spill { disk, folder, memory: self.shuffle_bytes, threads: self.threads }
    }

    fn limits(self) -> Limits {
        Limits { batch_bytes: self.batch_bytes, batch_rows: self.batch_rows, ..Limits::default() }
    }

    fn options(self) -> RunOptions {
        let bytes_in_flight = self.threads * IN_FLIGHT_PER_THREAD * self.batch_bytes;
        RunOptions { threads: self.threads, bytes_in_flight }
    }
}

fn number(name: &str, default: usize) -> Result<usize> {
    let Ok(text) = std::env::var(name) else { return Ok(default) };
    match text.parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err(Error::new(Class::Plan, "bad_option", format!("{name}={text:?} is not a number above 0"))),
    }
}

/// Asked a few times a second by the calling thread: whether to stop.
pub type Interrupted<'a> = &'a mut dyn FnMut() -> bool;

/// Runs into a folder and publishes it; gives the report as JSON, without times.
pub fn sink(
    plan: &Resolved,
    target: &Target,
    knobs: Knobs,
    disk: Disk,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Value> {
    if target.overwrite {
        plan.found.lies_outside(&target.dir)?;
    }
    let opened = open(plan, knobs, cancel, interrupted)?;
    let names = opened.inputs.names();
    let mut shards = ShardSink::open(
        SinkOptions {
            dir: target.dir.clone(),
            overwrite: target.overwrite,
            formats: target.formats.clone(),
            schema: plan.schema.clone(),
            shard_bytes: target.shard_bytes,
            split_names: plan.split_names.clone(),
            file_names: names.clone(),
            against: plan.against.clone(),
            key_recipe: plan.key_recipe.clone(),
        },
        disk.clone(),
    )?;
    let inputs = opened.inputs.clone();
    let spill = knobs.spill(disk, shards.staging().to_path_buf());
    let as_lines = target.formats.iter().any(|format| matches!(format, Format::Jsonl { .. }));
    let last = as_lines.then(|| -> Arc<dyn Map> { Arc::new(LossesStage { columns: plan.schema.clone() }) });
    let counts = execute(plan, opened, last, &mut shards, spill, knobs, cancel, interrupted)?;
    let mut report = report(plan, &counts, &names);
    cancel.begin(Phase::Publish);
    if interrupted() {
        return Err(Error::cancelled());
    }
    accept(plan, &report, target, &mut Some(shards)).and_then(|shards| {
        let inputs = attended(cancel, interrupted, || inputs.list(cancel))?;
        let bytes: u64 = inputs.iter().map(|i| i.bytes).sum();
        let manifest = shards.commit(Manifest {
            manifest_version: MANIFEST_VERSION,
            fastprep_version: env!("CARGO_PKG_VERSION").into(),
            data: String::new(),
            fingerprint: plan.fingerprint.clone(),
            plan: plan.lines.clone(),
            format: plan
                .format
                .as_ref()
                .map_or(Value::Null, |f| serde_json::from_str(&f.to_json()).unwrap_or(Value::Null)),
            tokenizer: tokenizer(plan),
            schema: Vec::new(),
            inputs,
            splits: Vec::new(),
            shards: Vec::new(),
            sidecars: Vec::new(),
            key_recipe: plan.key_recipe.clone(),
            report: report.clone(),
        })?;
        report["splits"] = serde_json::to_value(&manifest.splits).unwrap_or(Value::Null);
        report["bytes_read"] = json!(bytes);
        report["path"] = json!(target.dir.display().to_string());
        let beside = |name: &str| target.dir.join(name).display().to_string();
        report["rejects"] =
            if report["rows"]["rejected"] == json!(0) { Value::Null } else { json!(beside("rejects.jsonl")) };
        let duplicates =
            manifest.sidecar("duplicates.jsonl").map(|f| beside(&format!("{}/{}", manifest.data, f.name)));
        report["duplicates"] = json!(duplicates);
        report["next"] = json!(format!("fastprep verify {}", quoted(&target.dir.display().to_string())));
        Ok(report)
    })
}

/// Opens the source; of Parquet, all footers are read.
fn open(plan: &Resolved, knobs: Knobs, cancel: &Cancel, interrupted: Interrupted<'_>) -> Result<Opened> {
    attended(cancel, interrupted, || plan.found.open(&plan.columns, knobs.limits(), cancel))
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

/// Refuses a result that is no data set; its rejects are kept beside the folder.
fn accept(
    plan: &Resolved,
    report: &Value,
    target: &Target,
    shards: &mut Option<ShardSink>,
) -> Result<ShardSink> {
    let shards = shards.take().ok_or_else(|| Error::internal("the sink was lost"))?;
    let of = |name: &str| report["rows"][name].as_u64().unwrap_or(0);
    let (read, rejected, written) = (of("read"), shards.rejected(), of("written"));
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

/// Rows in memory, and how many were taken out for which reason.
pub struct Collected {
    /// The rows, in order.
    pub batches: Vec<RecordBatch>,
    /// The report, as for a sink.
    pub report: Value,
}

/// Runs into memory; a split becomes a column `split`.
pub fn collect(
    plan: &Resolved,
    knobs: Knobs,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Collected> {
    let opened = open(plan, knobs, cancel, interrupted)?;
    let names = opened.inputs.names();
    let mut collect = Collect::new(plan.split_names.clone());
    let counts =
        execute(plan, opened, None, &mut collect, knobs.spill_anywhere(), knobs, cancel, interrupted)?;
    Ok(Collected { batches: collect.into_batches(), report: report(plan, &counts, &names) })
}

/// Runs, keeps no row, and gives the report.
pub fn check(plan: &Resolved, knobs: Knobs, cancel: &Cancel, interrupted: Interrupted<'_>) -> Result<Value> {
    let opened = open(plan, knobs, cancel, interrupted)?;
    let names = opened.inputs.names();
    let counts =
        execute(plan, opened, None, &mut Nothing, knobs.spill_anywhere(), knobs, cancel, interrupted)?;
    Ok(report(plan, &counts, &names))
}

/// Keeps nothing.
struct Nothing;

impl Prepare<()> for Nothing {
    fn prepare(&self, _: Batch) -> Result<()> {
        Ok(())
    }
}

impl Sink for Nothing {
    type Ready = ();

    fn preparer(&self) -> Arc<dyn Prepare<()>> {
        Arc::new(Nothing)
    }

    fn push(&mut self, (): ()) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

/// `last` is what the rows go through after the stages of the plan; it counts findings alone.
#[expect(clippy::too_many_arguments, reason = "what a run is made of")]
fn execute<S: Sink>(
    plan: &Resolved,
    opened: Opened,
    last: Option<Arc<dyn Map>>,
    sink: &mut S,
    spill: Spill,
    knobs: Knobs,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Vec<StepCounts>>
where
    S::Ready: 'static,
{
    let names = opened.inputs.names();
    let mut stages = attended(cancel, interrupted, || stages(plan, cancel))?;
    stages.extend(last.map(|map| (FINDINGS, Stage::Map(map))));
    let (source, decode, steps, options) = (opened.source, opened.decode, plan.verbs.len(), knobs.options());
    let Some((step, barrier)) = plan.barrier else {
        let job = Job { source, decode, stages, sink, steps };
        return run(job, &options, cancel, interrupted).map_err(|e| e.name_file(&names));
    };
    stages.push((UNCOUNTED, Stage::Map(Arc::new(PlainStage))));
    let splits = plan.split_names.len();
    let (mut counts, source, decode, rows): (_, _, Arc<dyn Decode>, _) = match barrier {
        Barrier::Shuffle(seed) => {
            let mut shuffle = ShuffleSink::new(sink, seed, splits, spill);
            let job = Job { source, decode, stages, sink: &mut shuffle, steps };
            let counts = run(job, &options, cancel, interrupted).map_err(|e| e.name_file(&names))?;
            cancel.begin(Phase::Shuffle);
            let (totals, source) = attended(cancel, interrupted, || shuffle.into_source())?;
            sink.expect(&totals.rows, &totals.bytes)?;
            (counts, source, Arc::new(PickRows), totals.rows)
        }
        Barrier::Pack(how) => {
            let mut pack = PackSink::new(sink, how, splits, spill);
            let job = Job { source, decode, stages, sink: &mut pack, steps };
            let mut counts = run(job, &options, cancel, interrupted).map_err(|e| e.name_file(&names))?;
            cancel.begin(Phase::Pack);
            let (packed, source) = attended(cancel, interrupted, || pack.into_source())?;
            sink.expect(&packed.packs, &packed.bytes)?;
            if let Some(last) = counts.last_mut() {
                last.add("documents", packed.documents);
                last.add("packed_tokens", packed.tokens);
            }
            (counts, source, Arc::new(JoinRows { labels_follow: how.labels_follow }), packed.packs)
        }
    };
    run(
        Job { source: Box::new(source), decode, stages: Vec::new(), sink, steps: 0 },
        &options,
        cancel,
        interrupted,
    )?;
    // A barrier is no stage: its rows are those that the step before it let through.
    counts[step].rows_in = counts[step - 1].rows_out;
    counts[step].rows_out = rows.iter().sum();
    Ok(counts)
}

/// The stages of one run; keys of earlier folders are read now.
fn stages(plan: &Resolved, cancel: &Cancel) -> Result<Vec<(usize, Stage)>> {
    let mut stages = Vec::new();
    for (step, counted, build) in &plan.stages {
        let step = if *counted == Counted::Yes { *step } else { UNCOUNTED };
        let stage = match (build, build.ordered(cancel)?) {
            (_, Some(ordered)) => Stage::Ordered(ordered),
            (Build::Map(map), None) => Stage::Map(map.clone()),
            (_, None) => return Err(Error::internal("a stage is neither map nor ordered")),
        };
        stages.push((step, stage));
    }
    Ok(stages)
}

fn tokenizer(plan: &Resolved) -> Option<Tokenizer> {
    plan.tokenizer.as_ref().map(|t| Tokenizer {
        digest: t.digest.clone(),
        vocab_size: t.vocab_size as u64,
        bos_token_id: t.bos_id,
        eos_token_id: t.eos_id,
        pad_token_id: t.pad_id,
        max_length: plan.max_length.map(|n| n as u64),
        add_eos: Some(plan.end.is_some_and(|end| end.eos_id().is_some())),
    })
}

/// A place for programs: `row` counts from 0, `line` from 1.
fn place(place: Place, names: &FileNames) -> Value {
    let name = names.get(place.file as usize).map_or("?", String::as_str);
    json!({"file": name, "row": place.row, "line": place.line})
}

/// The reasons of all steps, each with the columns that are to blame, where there are some.
fn reasons(all: &StepCounts, names: &FileNames) -> Value {
    let mut reasons = entries(all.removed.iter().map(|(k, v)| (*k, *v)), names);
    for ((code, column), rows) in &all.columns {
        reasons[*code]["columns"][column.as_str()] = json!(rows);
    }
    reasons
}

fn entries<'a>(all: impl Iterator<Item = (&'a str, Removed)>, names: &FileNames) -> Value {
    let mut sorted: Vec<(&str, Removed)> = all.collect();
    sorted.sort_by_key(|(code, r)| (std::cmp::Reverse(r.count), *code));
    let entry = |(code, r): (&str, Removed)| {
        (code.to_string(), json!({"count": r.count, "first": place(r.first, names)}))
    };
    Value::Object(sorted.into_iter().map(entry).collect())
}

/// The report: names are documented in `docs/report.md` and stable.
fn report(plan: &Resolved, counts: &[StepCounts], names: &FileNames) -> Value {
    let mut all = StepCounts::default();
    counts.iter().for_each(|c| all.merge(c.clone()));
    let removed = |codes: &[&str]| -> u64 {
        all.removed.iter().filter(|(code, _)| codes.contains(code)).map(|(_, r)| r.count).sum()
    };
    let duplicate = removed(&["duplicate", "duplicate_against"]);
    let filtered = removed(&["filtered"]);
    let rejected = all.sums.get("rejected").copied().unwrap_or(0);
    let steps: Vec<Value> = plan
        .verbs
        .iter()
        .zip(counts)
        .map(|(verb, c)| {
            json!({
                "step": verb,
                "rows_in": c.rows_in,
                "rows_out": c.rows_out,
                "removed": entries(c.removed.iter().map(|(k, v)| (*k, *v)), names),
            })
        })
        .collect();
    let written = counts.last().map_or(0, |c| c.rows_out);
    json!({
        "rows": {
            "read": counts.first().map_or(0, |c| c.rows_in),
            "written": written,
            "rejected": rejected,
            "duplicate": duplicate,
            "filtered": filtered,
            "dropped": all.removed_rows() - rejected - duplicate - filtered,
        },
        "steps": steps,
        "reasons": reasons(&all, names),
        "findings": entries(all.findings.iter().map(|(k, v)| (k.as_str(), *v)), names),
        "blank_lines": all.sums.get("blank_lines").copied().unwrap_or(0),
        "tokens": tokens(plan, &all),
        "packing": packing(plan, &all, written),
        "groups": groups(plan, &all),
    })
}

fn tokens(plan: &Resolved, all: &StepCounts) -> Value {
    let Some(tokenizer) = &plan.tokenizer else { return Value::Null };
    let sum = |name: &str| all.sums.get(name).copied().unwrap_or(0);
    let share = |a: u64, b: u64| if b == 0 { Value::Null } else { json!(a as f64 / b as f64) };
    let length = |q: f64| quantile(&all.lengths, q).unwrap_or(0);
    json!({
        "total": sum("tokens"),
        "trained": sum("trained_tokens"),
        "trained_share": if sum("tokens") == 0 { 0.0 } else { sum("trained_tokens") as f64 / sum("tokens") as f64 },
        "rows_without_trained": all.removed.get("no_trained_token").map_or(0, |r| r.count),
        "truncated": sum("truncated"),
        "doubled_bos": all.findings.get("doubled_bos").map_or(0, |r| r.count),
        "length": {"p50": length(0.5), "p99": length(0.99), "max": length(1.0)},
        "stop_stable_share": share(sum("stop_stable"), sum("stop_rows")),
        "warnings": tokenizer.warnings,
    })
}

fn packing(plan: &Resolved, all: &StepCounts, packs: u64) -> Value {
    let Some((_, Barrier::Pack(how))) = plan.barrier else { return Value::Null };
    let sum = |name: &str| all.sums.get(name).copied().unwrap_or(0);
    let room = packs * u64::from(how.max_length);
    json!({
        "documents": sum("documents"),
        "packs": packs,
        "tokens": sum("packed_tokens"),
        "max_length": how.max_length,
        "fill": if room == 0 { 0.0 } else { sum("packed_tokens") as f64 / room as f64 },
    })
}

fn groups(plan: &Resolved, all: &StepCounts) -> Value {
    let Some(column) = &plan.report_by else { return Value::Null };
    let mut rows = serde_json::Map::new();
    for ((value, split), n) in &all.groups {
        let by_split = rows.entry(value.clone()).or_insert_with(|| {
            Value::Object(plan.split_names.iter().map(|name| (name.clone(), json!(0))).collect())
        });
        by_split[plan.split_names[usize::from(*split)].as_str()] = json!(n);
    }
    json!({"column": column, "rows": rows})
}
