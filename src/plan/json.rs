//! A plan's JSON: what was said, without what only memory holds.

use serde::Serialize;
use serde_json::{Map, Value, json};

use std::path::PathBuf;

use super::forms::paths;
use super::source::SourceSpec;
use super::{Part, Plan, Step};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::read::file_format::FileFormat;
use crate::read::jsonl::format::JsonLines;
use crate::read::lines::STDIN;

/// The version of the JSON that this code writes.
pub const PLAN_VERSION: u32 = 1;

/// A source's JSON.
#[derive(Serialize)]
#[serde(untagged)]
pub enum SourceForm {
    /// Files.
    Files {
        /// The word for their format.
        scan: &'static str,
        /// Paths, globs, folders; `-` is standard input.
        #[serde(with = "paths")]
        inputs: Vec<PathBuf>,
        /// The format's.
        #[serde(flatten)]
        options: Map<String, Value>,
        /// In a published plan, the splits that rows come with: the files are shards of a published folder.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        splits: Vec<String>,
    },
    /// What JSON cannot hold: record batches or records in memory.
    InMemory {
        /// Which of the two.
        scan: &'static str,
        /// How places call it.
        name: String,
        /// The digest of its content, where that is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        digest: Option<String>,
    },
}

impl SourceForm {
    /// Files of a format, as its verb reads them.
    pub fn files(format: &dyn FileFormat, inputs: Vec<PathBuf>, splits: Vec<String>) -> Self {
        SourceForm::Files { scan: format.name(), inputs, options: format.options(), splits }
    }
}

impl Plan {
    /// The plan with its paths as they were given; sources in memory are read for the digest of their content, where
    /// they can be read again.
    ///
    /// # Errors
    /// Those of a source in memory that is read.
    pub fn to_json(&self, cancel: &Cancel) -> Result<Value> {
        let form = |part: &Part| Ok(part.source.form(part.source.digest(None, cancel)?));
        let forms = self.parts.iter().map(form).collect::<Result<_>>()?;
        written(self, forms, |step| Ok(step.clone()))
    }

    /// The plan as it is published: every path by the name that the manifest has for it.
    pub(super) fn published(&self, forms: Vec<SourceForm>, names: &[String]) -> Result<Value> {
        let mut names = names.iter().cloned();
        written(self, forms, |step| {
            step.verb().published(&mut names).map(|s| s.unwrap_or_else(|| step.clone()))
        })
    }
}

fn written(
    plan: &Plan,
    forms: Vec<SourceForm>,
    mut named: impl FnMut(&Step) -> Result<Step>,
) -> Result<Value> {
    let mut steps =
        |steps: &[Step]| -> Result<Vec<Value>> { steps.iter().map(|step| named(step)?.to_json()).collect() };
    let source = |form: SourceForm| {
        serde_json::to_value(form).map_err(|e| Error::internal("a source has no JSON").source(e))
    };
    let mut sources = forms.into_iter().map(source);
    let mut next = || sources.next().unwrap_or_else(|| Err(Error::internal("a source is missing")));
    let source = match &plan.source_column {
        None => next()?,
        Some(column) => {
            let mut of = |part: &Part| -> Result<Value> {
                Ok(json!({"name": part.name, "source": next()?, "steps": steps(&part.steps)?}))
            };
            let plans = plan.parts.iter().map(&mut of).collect::<Result<Vec<_>>>()?;
            json!({"scan": "concat", "column": column, "plans": plans})
        }
    };
    Ok(json!({"plan_version": PLAN_VERSION, "source": source, "steps": steps(&plan.steps)?}))
}

impl SourceSpec {
    /// As it was given; of a source in memory with this digest of its content.
    pub(super) fn form(&self, digest: Option<String>) -> SourceForm {
        let in_memory = |scan, name: &String| SourceForm::InMemory { scan, name: name.clone(), digest };
        match self {
            SourceSpec::Files { format, inputs } => {
                SourceForm::files(format.as_ref(), inputs.clone(), Vec::new())
            }
            SourceSpec::Reader { name, max_line_bytes, .. } if name == STDIN => {
                let format = JsonLines { max_line_bytes: *max_line_bytes };
                SourceForm::files(&format, vec!["-".into()], Vec::new())
            }
            SourceSpec::Reader { name, .. } => in_memory("records", name),
            SourceSpec::Arrow { name, .. } => in_memory("arrow", name),
        }
    }
}
