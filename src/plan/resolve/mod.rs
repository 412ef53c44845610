//! From what was said to what is run: columns found, defaults decided, every stage built once and tried on no
//! rows at all, so that what is wrong is said before a row is read.

mod builder;
mod source;
mod stages;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::columns::{needed, used};
use super::explain::{detail, line};
use super::source::Found;
use super::{Plan, Step};
use crate::cancel::Cancel;
use crate::error::Result;
use crate::format::PromptFormat;
use crate::hash;
use crate::read::discover::names_from_shared;
use crate::read::{Limits, ReadColumn, splits};
use crate::record::{Batch, Places};
use crate::tokenize::{End, LoadedTokenizer};
pub use builder::Builder;
pub(super) use stages::same_keys;
pub use stages::{Barrier, Build, Counted};

/// A plan with everything decided.
pub struct Resolved {
    /// The source, looked at.
    pub found: Found,
    /// What is read of it.
    pub columns: Vec<ReadColumn>,
    /// The stages, each with the number of its step (1 is the first verb after the scan).
    pub stages: Vec<(usize, Counted, Build)>,
    /// Step names, the source's first.
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
    /// Digest of all that decides the output but the input.
    pub fingerprint: String,
}

/// Decides everything. Reads the heads of the files and the tokenizer, no row.
pub fn resolve(plan: &Plan, cancel: &Cancel) -> Result<Resolved> {
    let found = plan.source.find(cancel)?;
    let names: Vec<String> = found.columns.iter().map(|c| c.name.clone()).collect();
    source::check_names(plan.source.verb(), &names)?;
    let splits = (!found.splits.is_empty()).then_some(splits::SPLIT);
    let needed = needed(plan, &names, splits)?;
    let columns = needed
        .columns
        .iter()
        .map(|(name, used)| source::read_column(&found, name, *used))
        .collect::<Result<Vec<_>>>()?;
    let (_, schema) = found.decoder(&columns, Limits::default())?;
    let mut verbs = vec![plan.source.verb()];
    verbs.extend(plan.steps.iter().map(Step::name));
    let shown: Vec<String> = columns.iter().map(|c| source::shown_column(&found, c)).collect();
    let mut lines = vec![
        line(plan.source.verb(), &found.describe(), "source"),
        detail(&format!("reads {} of {} columns: {}", columns.len(), names.len(), shown.join(", "))),
    ];
    if !found.left_out.is_empty() {
        let names = found.left_out.join(", ");
        lines.push(detail(&format!("leaves out {names}: the row numbers of a pandas frame")));
    }
    let mut builder = Builder {
        plan,
        index: 0,
        earlier: Vec::new(),
        empty: Batch {
            seq: 0,
            records: RecordBatch::new_empty(schema),
            places: Places::numbered(0, 0, 0),
            rejects: Vec::new(),
            duplicates: Vec::new(),
        },
        out: Resolved {
            found,
            columns,
            stages: Vec::new(),
            verbs,
            lines,
            schema: Arc::new(arrow::datatypes::Schema::empty()),
            split_names: vec!["train".into()],
            report_by: None,
            format: None,
            tokenizer: None,
            max_length: None,
            end: None,
            barrier: None,
            key_recipe: None,
            against: folder_names(plan)?,
            fingerprint: String::new(),
        },
    };
    for (i, step) in plan.steps.iter().enumerate() {
        cancel.check()?;
        builder.index = i;
        let used = match used(plan, i, &builder.visible(), splits) {
            // Names were looked at before, with those of columns that are not read.
            Err(_) if needed.opaque_from.is_none_or(|opaque| i <= opaque) => BTreeMap::new(),
            used => used?,
        };
        builder.no_json_as_text(&used)?;
        step.verb().resolve(&mut builder)?;
    }
    builder.index = plan.steps.len();
    builder.keep_splits()?;
    let Builder { mut out, earlier, .. } = builder;
    out.schema = builder.empty.records.schema();
    let mut decided = out.lines[1..].join("\n");
    let parts = [out.format.as_ref().map(|f| f.to_json()), out.tokenizer.as_ref().map(|t| t.digest.clone())];
    for part in parts.into_iter().map(Option::unwrap_or_default).chain(earlier) {
        decided.push('\n');
        decided.push_str(&part);
    }
    out.fingerprint = hash::digest_hex(decided.as_bytes());
    Ok(out)
}

/// What the earlier folders of all steps are called, in order.
fn folder_names(plan: &Plan) -> Result<Vec<String>> {
    let folders = plan.steps.iter().flat_map(|step| match step {
        Step::Dedup(dedup) => dedup.against.as_slice(),
        _ => &[],
    });
    names_from_shared(&folders.cloned().collect::<Vec<PathBuf>>())
}
