//! Runs `inspect`: all rows of a plan, of which none are kept.

use serde_json::Value;

use super::interrupt::Interrupted;
use super::report::report;
use super::resources::Resources;
use super::run::Run;
use super::run_plan::run_plan;
use super::sources::Sources;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::inspect::{By, Context, Inspect, RowLines};
use crate::plan::resolve::ToInspect;

/// Looks at all rows, and gives what was found as JSON; all rows of the findings are written to `lines`.
///
/// # Errors
/// Those of the sources and stages.
pub(crate) fn inspect(
    inspected: &ToInspect,
    lines: Option<RowLines>,
    resources: Resources,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Value> {
    let mut run = Run { job: &inspected.plan.job, resources, cancel, interrupted };
    let sources = Sources::open(&mut run, false)?;
    let files = sources.names();
    let mut sink = Inspect::new(inspected.rows.clone(), groups(inspected, &files), lines)?;
    sink.opened(&files);
    let counts = run_plan(&mut run, sources, None, &mut sink, resources.spill_anywhere())?;
    let report = report(&inspected.plan, &counts, &files);
    let context = Context {
        files: &files,
        dialect: inspected.dialect,
        title: inspected.title,
        columns: inspected.columns.clone(),
        other_columns: inspected.other_columns.clone(),
        note: inspected.note.clone(),
    };
    Ok(sink.to_json(&context, &report))
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
