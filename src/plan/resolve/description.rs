//! What manifests, reports and `explain` show of a plan.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::artifact::manifest::Input;
use crate::format::PromptFormat;
use crate::hash;
use crate::tokenize::End;
use crate::tokenizer::LoadedTokenizer;

/// What was decided about a plan, for manifests, reports and people.
#[derive(Default)]
pub(crate) struct Description {
    /// The plan for people, a line a step.
    pub(crate) lines: Vec<String>,
    /// The plan's JSON as it is published.
    pub plan: Value,
    /// The prompt format.
    pub(crate) format: Option<Arc<PromptFormat>>,
    /// The tokenizer.
    pub(crate) tokenizer: Option<Arc<LoadedTokenizer>>,
    /// Tokens a row may have.
    pub(crate) max_length: Option<usize>,
    /// What ends each row, where they are tokenized.
    pub(crate) end: Option<End>,
    /// How keys are made, where there is a dedup.
    pub key_recipe: Option<String>,
    /// Earlier folders of all steps, as they are called in what is published.
    pub(crate) against: Vec<String>,
    /// The generations of those folders.
    pub(crate) earlier: Vec<String>,
    /// The column whose shares are reported.
    pub(crate) report_by: Option<String>,
}

impl Description {
    /// The digest of all that decides the output: the plan's JSON, the generations of earlier folders, and what was read,
    /// by its content; `streams` are the digests of the sources in memory, in order.
    pub(crate) fn fingerprint(&self, inputs: &[Input], streams: &[Option<String>]) -> String {
        let files: Vec<&Option<String>> = inputs.iter().map(|input| &input.xxh3).collect();
        let all = json!({"plan": self.plan, "against": self.earlier, "inputs": files, "streams": streams});
        hash::digest_hex(all.to_string().as_bytes())
    }
}
