//! A plan's JSON: what was said, without what only memory holds.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use std::path::PathBuf;

use super::forms::paths;
use super::source::SourceSpec;
use super::{Part, Plan, Step};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::read::lines::STDIN;

/// The version of the JSON that this code writes.
pub const PLAN_VERSION: u32 = 1;

/// A source's JSON.
#[derive(Serialize, Deserialize)]
#[serde(tag = "scan", rename_all = "snake_case", deny_unknown_fields)]
pub enum SourceForm {
    /// JSON lines in files; `-` is standard input.
    Jsonl {
        /// Paths, globs, folders.
        #[serde(with = "paths")]
        inputs: Vec<PathBuf>,
        /// A longer line is rejected.
        max_line_bytes: usize,
        /// In a published plan, the splits that rows come with: the files are shards of a published folder.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        splits: Vec<String>,
    },
    /// Parquet files.
    Parquet {
        /// Paths, globs, folders.
        #[serde(with = "paths")]
        inputs: Vec<PathBuf>,
        /// As for JSON lines.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        splits: Vec<String>,
    },
    /// Record batches in memory.
    Arrow(InMemory),
    /// Records in memory.
    Records(InMemory),
}

/// A source that JSON cannot hold.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InMemory {
    /// How places call it.
    pub name: String,
    /// The digest of its content, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl Plan {
    /// The plan with its paths as they were given; sources in memory are read for the digest of their content, where
    /// they can be read again.
    ///
    /// # Errors
    /// Those of a source in memory that is read.
    pub fn to_json(&self, cancel: &Cancel) -> Result<Value> {
        let forms = self.parts.iter().map(|part| part.source.form(cancel)).collect::<Result<_>>()?;
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
    fn form(&self, cancel: &Cancel) -> Result<SourceForm> {
        let digest = self.digest(None, cancel)?;
        Ok(match self {
            SourceSpec::Jsonl { inputs, max_line_bytes } => {
                let (inputs, max_line_bytes) = (inputs.clone(), *max_line_bytes);
                SourceForm::Jsonl { inputs, max_line_bytes, splits: Vec::new() }
            }
            SourceSpec::Reader { name, max_line_bytes, .. } if name == STDIN => {
                let (inputs, max_line_bytes) = (vec!["-".into()], *max_line_bytes);
                SourceForm::Jsonl { inputs, max_line_bytes, splits: Vec::new() }
            }
            SourceSpec::Parquet { inputs } => {
                SourceForm::Parquet { inputs: inputs.clone(), splits: Vec::new() }
            }
            SourceSpec::Arrow { name, .. } => SourceForm::Arrow(InMemory { name: name.clone(), digest }),
            SourceSpec::Reader { name, .. } => SourceForm::Records(InMemory { name: name.clone(), digest }),
        })
    }
}
