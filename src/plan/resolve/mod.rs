//! From what was said to what is run: columns found, defaults decided, every stage built once and tried on no
//! rows at all, so that what is wrong is said before a row is read.

mod builder;
mod job;
mod join;
mod source;
mod stages;

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow::array::RecordBatch;

use super::columns::{Needed, Together, Use, needed, used};
use super::explain::{detail, line};
use super::source::Found;
use super::{Part, Plan, Step};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::read::discover::names_from_shared;
use crate::read::{ReadColumn, splits};
use crate::record::{Batch, Places};
use crate::store::Files;
pub use builder::Builder;
pub use job::{About, Job, Origin, Resolved, Section};
pub(super) use stages::same_keys;
pub use stages::{BarrierStep, Build, Counted, Order};

/// Decides everything. Reads the heads of the files of this store and the tokenizer, no row.
pub fn resolve(plan: &Plan, store: &Files, cancel: &Cancel) -> Result<Resolved> {
    let mut found =
        plan.parts.iter().map(|part| part.source.find(store, cancel)).collect::<Result<Vec<_>>>()?;
    number_files(&mut found)?;
    let forms = found.iter().map(Found::published).collect();
    let mut resolved = match &plan.source_column {
        None => of_one(plan, found, cancel)?,
        Some(column) => join::of_several(plan, store, column, found, cancel)?,
    };
    resolved.job.verbs = plan.verbs();
    resolved.about.plan = plan.published(forms, &resolved.about.against)?;
    Ok(resolved)
}

fn of_one(plan: &Plan, found: Vec<Found>, cancel: &Cancel) -> Result<Resolved> {
    let (Some(part), Some(found)) = (plan.parts.first(), found.into_iter().next()) else {
        return Err(Error::internal("a plan without a source"));
    };
    let (mut builder, needed, columns) = Builder::start(part, &found, &plan.steps, None, 0)?;
    builder.about.against = folder_names(plan)?;
    builder.go_on(needed.opaque_from, cancel)?;
    builder.keep_splits()?;
    let mut resolved = builder.finish();
    resolved.job.origins = vec![Origin { found, columns, step: 0, stages: Vec::new() }];
    Ok(resolved)
}

/// Files of several sources are named from the folder that all share, and numbered on; streams get names of their own.
fn number_files(found: &mut [Found]) -> Result<()> {
    if found.len() > 1 {
        let paths: Vec<PathBuf> =
            found.iter_mut().flat_map(|f| f.files_mut().iter().map(|file| file.path.clone())).collect();
        let files = found.iter_mut().flat_map(|f| f.files_mut().iter_mut());
        for (file, name) in files.zip(names_from_shared(&paths)?) {
            file.name = name;
        }
    }
    let mut names: Vec<String> =
        found.iter_mut().flat_map(|f| f.files_mut().iter().map(|file| file.name.clone())).collect();
    for found in found.iter_mut() {
        let Some(name) = found.stream_name() else { continue };
        let numbered = (2..).map(|number| format!("{name} ({number})"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !names.contains(name));
        *name = free.unwrap_or_default();
        names.push(name.clone());
    }
    let mut first_file = 0;
    for found in found {
        found.first_file = first_file;
        first_file += found.file_count();
    }
    Ok(())
}

impl<'p> Builder<'p> {
    /// At the first of these steps of a source, whose own step has this number; what it needs of the source, and how that
    /// is read.
    fn start(
        part: &Part,
        found: &Found,
        steps: &'p [Step],
        together: Option<&Together<'p>>,
        step: usize,
    ) -> Result<(Self, Needed, Vec<ReadColumn>)> {
        let verb = part.source.verb();
        let names: Vec<String> = found.columns.iter().map(|c| c.name.clone()).collect();
        source::check_names(verb, &names)?;
        let splits = (!found.splits.is_empty()).then_some(splits::SPLIT);
        let needed = needed(steps, together, &names, splits)?;
        let read = |(name, used): &(String, Use)| source::read_column(found, name, *used);
        let columns = needed.columns.iter().map(read).collect::<Result<Vec<_>>>()?;
        let schema = found.schema(&columns)?;
        let mut about = About::default();
        let shown: Vec<String> = columns.iter().map(|c| source::shown_column(found, c)).collect();
        about.lines = vec![
            line(verb, &found.describe(), "source"),
            detail(&format!("reads {} of {} columns: {}", columns.len(), names.len(), shown.join(", "))),
        ];
        if !found.left_out.is_empty() {
            let names = found.left_out.join(", ");
            about.lines.push(detail(&format!("leaves out {names}: the row numbers of a pandas frame")));
        }
        let empty = Batch {
            seq: 0,
            records: RecordBatch::new_empty(schema),
            places: Places::numbered(0, 0, 0),
            rejects: Vec::new(),
            duplicates: Vec::new(),
        };
        let (splits, is_json) = (found.splits.clone(), found.is_json());
        let (job, store) = (Job::new(), found.store().clone());
        let builder =
            Builder { store, steps, index: 0, first_step: step + 1, splits, is_json, empty, job, about };
        Ok((builder, needed, columns))
    }

    /// Goes through all steps. After the step `opaque_from` columns are asked for by their names only now.
    fn go_on(&mut self, opaque_from: Option<usize>, cancel: &Cancel) -> Result<()> {
        let splits = (!self.splits.is_empty()).then_some(splits::SPLIT);
        for (i, step) in self.steps.iter().enumerate() {
            cancel.check()?;
            self.index = i;
            let used = match used(self.steps, i, &self.visible(), splits) {
                // Names were looked at before, with those of columns that are not read.
                Err(_) if opaque_from.is_none_or(|opaque| i <= opaque) => BTreeMap::new(),
                used => used?,
            };
            self.no_json_as_text(&used)?;
            step.verb().resolve(self)?;
        }
        self.index = self.steps.len();
        Ok(())
    }

    /// What was decided.
    fn finish(self) -> Resolved {
        let job = Job { schema: self.empty.records.schema(), ..self.job };
        Resolved { job, about: self.about }
    }
}

/// What the earlier folders of all steps are called, in order.
fn folder_names(plan: &Plan) -> Result<Vec<String>> {
    let folders = plan.steps.iter().flat_map(|step| match step {
        Step::Dedup(dedup) => dedup.against.as_slice(),
        _ => &[],
    });
    names_from_shared(&folders.cloned().collect::<Vec<PathBuf>>())
}
