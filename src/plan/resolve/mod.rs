//! From what was said to what is run: columns found, defaults decided, every stage built once and tried on no
//! rows at all, so that what is wrong is said before a row is read.

mod builder;
mod join;
mod source;
mod stages;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use serde_json::{Value, json};

use super::columns::{Needed, Together, Use, needed, used};
use super::explain::{detail, line};
use super::source::Found;
use super::{Part, Plan, Step};
use crate::artifact::manifest::Input;
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::format::PromptFormat;
use crate::hash;
use crate::read::discover::names_from_shared;
use crate::read::{Limits, ReadColumn, splits};
use crate::record::{Batch, Places};
use crate::tokenize::{End, LoadedTokenizer};
pub use builder::Builder;
pub(super) use stages::same_keys;
pub use stages::{Barrier, Build, Counted};

/// A source, looked at, and what its rows go through alone.
pub struct Origin {
    /// The source.
    pub found: Found,
    /// What is read of it.
    pub columns: Vec<ReadColumn>,
    /// The number of its step.
    pub step: usize,
    /// The stages of its own, each with the number of its step.
    pub stages: Vec<(usize, Counted, Build)>,
}

/// A plan with everything decided. Steps are numbered in order: a source, the steps of its own, the next source, ….
pub struct Resolved {
    /// The sources, one after another.
    pub origins: Vec<Origin>,
    /// The stages for all rows, each with the number of its step.
    pub stages: Vec<(usize, Counted, Build)>,
    /// The names of all steps.
    pub verbs: Vec<&'static str>,
    /// The plan for people, a line a step.
    pub lines: Vec<String>,
    /// The columns that reach the sink, hidden ones too.
    pub schema: SchemaRef,
    /// `train` first.
    pub split_names: Vec<String>,
    /// The column whose shares are reported.
    pub report_by: Option<String>,
    /// The prompt format.
    pub format: Option<Arc<PromptFormat>>,
    /// The tokenizer.
    pub tokenizer: Option<Arc<LoadedTokenizer>>,
    /// Tokens a row may have.
    pub max_length: Option<usize>,
    /// What ends each row, where they are tokenized.
    pub end: Option<End>,
    /// What all rows go through before the sink, and the number of its step.
    pub barrier: Option<(usize, Barrier)>,
    /// How keys are made, where there is a dedup.
    pub key_recipe: Option<String>,
    /// Earlier folders of all steps, as they are called in what is published.
    pub against: Vec<String>,
    /// The generations of those folders.
    pub earlier: Vec<String>,
    /// The plan's JSON as it is published.
    pub plan: Value,
}

/// Decides everything. Reads the heads of the files and the tokenizer, no row.
pub fn resolve(plan: &Plan, cancel: &Cancel) -> Result<Resolved> {
    let mut found = plan.parts.iter().map(|part| part.source.find(cancel)).collect::<Result<Vec<_>>>()?;
    number_files(&mut found)?;
    let forms = found.iter().map(Found::published).collect();
    let mut resolved = match &plan.source_column {
        None => of_one(plan, found, cancel)?,
        Some(column) => join::of_several(plan, column, found, cancel)?,
    };
    resolved.verbs = plan.verbs();
    resolved.plan = plan.published(forms, &resolved.against)?;
    Ok(resolved)
}

fn of_one(plan: &Plan, found: Vec<Found>, cancel: &Cancel) -> Result<Resolved> {
    let (Some(part), Some(found)) = (plan.parts.first(), found.into_iter().next()) else {
        return Err(Error::internal("a plan without a source"));
    };
    let (mut builder, needed, columns) = Builder::start(part, &found, &plan.steps, None, 0)?;
    builder.out.against = folder_names(plan)?;
    builder.go_on(needed.opaque_from, cancel)?;
    builder.keep_splits()?;
    let mut out = builder.finish();
    out.origins = vec![Origin { found, columns, step: 0, stages: Vec::new() }];
    Ok(out)
}

/// Files of several sources are named from the folder that all share, and numbered on.
fn number_files(found: &mut [Found]) -> Result<()> {
    if found.len() > 1 {
        let paths: Vec<PathBuf> =
            found.iter_mut().flat_map(|f| f.files_mut().iter().map(|file| file.path.clone())).collect();
        let files = found.iter_mut().flat_map(|f| f.files_mut().iter_mut());
        for (file, name) in files.zip(names_from_shared(&paths)?) {
            file.name = name;
        }
    }
    let mut first_file = 0;
    for found in found {
        found.first_file = first_file;
        first_file += found.file_count();
    }
    Ok(())
}

impl Resolved {
    /// Nothing decided.
    fn new() -> Self {
        Resolved {
            origins: Vec::new(),
            stages: Vec::new(),
            verbs: Vec::new(),
            lines: Vec::new(),
            schema: Arc::new(Schema::empty()),
            split_names: vec!["train".into()],
            report_by: None,
            format: None,
            tokenizer: None,
            max_length: None,
            end: None,
            barrier: None,
            key_recipe: None,
            against: Vec::new(),
            earlier: Vec::new(),
            plan: Value::Null,
        }
    }

    /// The digest of all that decides the output: the plan's JSON, the generations of earlier folders, and what was read,
    /// by its content; `streams` are the digests of the sources in memory, in order.
    pub fn fingerprint(&self, inputs: &[Input], streams: &[Option<String>]) -> String {
        let files: Vec<&Option<String>> = inputs.iter().map(|input| &input.xxh3).collect();
        let all = json!({"plan": self.plan, "against": self.earlier, "inputs": files, "streams": streams});
        hash::digest_hex(all.to_string().as_bytes())
    }

    /// Stored bytes of all files of lines: what [`Cancel::bytes_read`] reaches; none where a source has no such bytes.
    pub fn input_bytes(&self) -> Option<u64> {
        self.origins.iter().map(|origin| origin.found.input_bytes()).sum()
    }

    /// Whether a step may end the input before its last row.
    pub fn may_end_early(&self) -> bool {
        let own = self.origins.iter().flat_map(|origin| &origin.stages);
        own.chain(&self.stages).any(|(_, _, build)| matches!(build, Build::Head(_)))
    }
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
        let (_, schema) = found.decoder(&columns, Limits::default())?;
        let mut out = Resolved::new();
        let shown: Vec<String> = columns.iter().map(|c| source::shown_column(found, c)).collect();
        out.lines = vec![
            line(verb, &found.describe(), "source"),
            detail(&format!("reads {} of {} columns: {}", columns.len(), names.len(), shown.join(", "))),
        ];
        if !found.left_out.is_empty() {
            let names = found.left_out.join(", ");
            out.lines.push(detail(&format!("leaves out {names}: the row numbers of a pandas frame")));
        }
        let empty = Batch {
            seq: 0,
            records: RecordBatch::new_empty(schema),
            places: Places::numbered(0, 0, 0),
            rejects: Vec::new(),
            duplicates: Vec::new(),
        };
        let (splits, is_json) = (found.splits.clone(), found.is_json());
        Ok((Builder { steps, index: 0, first_step: step + 1, splits, is_json, empty, out }, needed, columns))
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
        let mut out = self.out;
        out.schema = self.empty.records.schema();
        out
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
