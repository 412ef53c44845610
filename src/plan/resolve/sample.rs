//! The first rows of each file of a plan, for the recognition of dialects.

use super::barrier_step::{BarrierStep, Order};
use super::build::Build;
use super::job::Origin;
use super::resolved::Resolved;
use crate::cancel::Cancel;
use crate::choose::Choose;
use crate::dialect::{Head, HeadRows};
use crate::error::Result;
use crate::read::{ColumnKind, Limits, ReadColumn};
use crate::record::Batch;
use crate::report::StepCounts;

/// Rows of each file that are looked at.
const ROWS: usize = 1_000;
/// Bytes of text of each file that are looked at.
const BYTES: usize = 1 << 20;
/// Files that are looked at, spread over all files.
const FILES: usize = 200;
/// Rows and bytes of all files together.
const ALL_ROWS: usize = 20_000;
const ALL_BYTES: usize = 16 << 20;

/// The first rows of each file, as the steps of the plan give them. Barriers are left out: which rows there are, and in
/// which order, makes no difference to what they mean.
///
/// # Errors
/// Those of reading the files, and of the steps.
pub(crate) fn sample(resolved: &Resolved, cancel: &Cancel) -> Result<Head> {
    let mut rows = HeadRows::default();
    for origin in &resolved.job.origins {
        let source = &origin.source;
        let columns = columns(resolved, origin);
        let mut parts = source.parts(u64::MAX, cancel)?;
        parts.dedup_by_key(|part| part.file);
        let step = parts.len().div_ceil(FILES).max(1);
        let limits = Limits { batch_bytes: BYTES / 4, batch_rows: ROWS, ..Limits::default() };
        for part in parts.iter().step_by(step) {
            cancel.check()?;
            let (first_row, first_byte) = (rows.len(), rows.bytes());
            let mut scan = source.open_part(part, &columns, limits, cancel)?.scan;
            loop {
                let (read, bytes) = (rows.len() - first_row, rows.bytes() - first_byte);
                if read >= ROWS || bytes >= BYTES || rows.len() >= ALL_ROWS || rows.bytes() >= ALL_BYTES {
                    break;
                }
                let Some(chunk) = scan.next()? else { break };
                let batch = through(chunk.decode(&mut StepCounts::default())?, origin, resolved)?;
                rows.add(&batch, ROWS - read, BYTES - bytes)?;
            }
        }
    }
    Ok(rows.finish())
}

/// The columns to read. Where no step needs them as text, values keep their type in JSON.
fn columns(resolved: &Resolved, origin: &Origin) -> Vec<ReadColumn> {
    let keeps_columns = |build: &Build| matches!(build, Build::Head { .. });
    let stages = || origin.stages.iter().chain(&resolved.job.stages);
    if !origin.source.is_json() || stages().any(|(_, _, build)| !keeps_columns(build)) {
        return origin.columns.clone();
    }
    let as_json = |column: &ReadColumn| match origin.source.is_split(&column.name) {
        true => column.clone(),
        false => ReadColumn::new(column.name.clone(), ColumnKind::Json),
    };
    origin.columns.iter().map(as_json).collect()
}

/// The batch after the stages of the plan.
fn through(mut batch: Batch, origin: &Origin, resolved: &Resolved) -> Result<Batch> {
    let counts = &mut StepCounts::default();
    for (_, _, build) in origin.stages.iter().chain(&resolved.job.stages) {
        batch = match (build, build.unseeded()) {
            (Build::Map(stage), _) => stage.map(batch, counts)?,
            (Build::RowIndex { .. }, Some(mut stage)) => stage.push(batch, &mut Vec::new())?,
            (Build::Barrier(BarrierStep { order: Order::Choose(how), .. }), _) => {
                // A column of weights may be used by later steps.
                let records = Choose::outcome(&batch.records, how, true)?;
                Batch { records, ..batch }
            }
            // Which rows are kept makes no difference to what they mean.
            _ => batch,
        };
    }
    Ok(batch)
}
