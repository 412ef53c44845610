//! Runs `inspect`: all rows of a plan, of which none are kept.

use std::sync::Arc;

use serde_json::Value;

use super::interrupt::Interrupted;
use super::report::report;
use super::resources::Resources;
use super::run::Run;
use super::run_plan::run_plan;
use super::sources::Sources;
use crate::cancel::Cancel;
use crate::dialect::UNKNOWN;
use crate::error::{Class, Error, Result};
use crate::inspect::{Asked, By, Compared, Context, Inspect, OtherSetSink, RowLines};
use crate::plan::resolve::ToInspect;
use crate::record::FileNames;
use crate::record::schema::TRAIN;

/// Looks at all rows, and gives what was found as JSON; all rows of the findings are written to `lines`. The rows are
/// compared with those of `other`, which are read first; without it, rows of a prepared folder that are not in `train`
/// are compared with those that are.
///
/// # Errors
/// Those of the sources and stages. `bad_option`: the rows of one of two sets have no dialect, or there is a context and
/// neither a tokenizer nor tokens.
pub(crate) fn inspect(
    inspected: &ToInspect,
    other: Option<&ToInspect>,
    asked: Asked,
    lines: Option<RowLines>,
    resources: Resources,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Value> {
    if asked.context.is_some() && asked.counter.is_none() && !inspected.is_tokenized {
        let message =
            "inspect: `context` is a number of tokens, and there are none: the rows are not tokenized";
        return Err(Error::new(Class::Plan, "bad_option", message).help("add tokenizer=…, or --tokenizer"));
    }
    let train = inspected.train().filter(|_| other.is_none());
    let mut compared = match (other, &train) {
        (Some(other), _) => {
            check_dialects(inspected, other)?;
            Some(read_other(other, None, resources, cancel, interrupted)?)
        }
        (None, Some(train)) => Some(read_other(inspected, Some(train), resources, cancel, interrupted)?),
        (None, None) => None,
    };
    let mut run = Run { job: &inspected.plan.job, resources, cancel, interrupted };
    let sources = Sources::open(&mut run, false)?;
    let own = sources.names();
    let mut files = own.to_vec();
    if let Some(compared) = &mut compared {
        if compared.split.is_none() {
            compared.set.files_from(own.len());
        }
        files.extend(compared.files.iter().cloned());
    }
    let files: FileNames = Arc::new(files);
    let mut sink = Inspect::new(inspected.rows.clone(), groups(inspected, &own), asked, compared, lines)?;
    sink.opened(&files);
    let counts = run_plan(&mut run, sources, None, &mut sink, resources.spill_anywhere())?;
    let report = report(&inspected.plan, &counts, &own);
    let context = Context {
        files: &files,
        own: own.len(),
        dialect: inspected.dialect,
        title: inspected.title,
        columns: inspected.columns.clone(),
        other_columns: inspected.other_columns.clone(),
        note: inspected.note.clone(),
        is_prepared: inspected.is_prepared,
    };
    Ok(sink.to_json(&context, &report))
}

/// Reads the rows that others are compared with: all, or those of a split.
fn read_other(
    other: &ToInspect,
    split: Option<&(u8, String)>,
    resources: Resources,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Compared> {
    let mut run = Run { job: &other.plan.job, resources, cancel, interrupted };
    let sources = Sources::open(&mut run, false)?;
    let files = if split.is_some() { Vec::new() } else { sources.names().to_vec() };
    let mut sink = OtherSetSink::new(other.rows.clone(), split.map(|(number, _)| *number));
    run_plan(&mut run, sources, None, &mut sink, resources.spill_anywhere())?;
    Ok(Compared { set: sink.into_set(), split: split.cloned(), files })
}

/// Rows without a dialect share nothing with those that have one.
fn check_dialects(inspected: &ToInspect, other: &ToInspect) -> Result<()> {
    if (inspected.dialect == UNKNOWN) == (other.dialect == UNKNOWN) {
        return Ok(());
    }
    let message = format!(
        "inspect: these rows are {}, those of against {}: they would share nothing",
        inspected.dialect, other.dialect
    );
    let help = "say what the rows of both mean: read_as(…)";
    Err(Error::new(Class::Plan, "bad_option", message).help(help))
}

impl ToInspect {
    /// The split `train` of a prepared folder, if there are others.
    fn train(&self) -> Option<(u8, String)> {
        let names = self.plan.job.split_names.iter().filter(|_| self.has_splits);
        let (number, name) = (0..).zip(names).find(|(_, name)| *name == TRAIN)?;
        Some((number, name.clone()))
    }
}

/// What rows are counted by: the columns that were named, else the splits, else the files, where there are several.
fn groups(inspected: &ToInspect, files: &[String]) -> Vec<By> {
    let splits = &inspected.plan.job.split_names;
    if !inspected.by.is_empty() {
        return inspected.by.iter().cloned().map(By::Column).collect();
    }
    if splits.len() > 1 {
        return vec![By::Splits(splits.clone())];
    }
    if files.len() > 1 { vec![By::Files] } else { Vec::new() }
}
