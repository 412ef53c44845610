//! What resolving yields: a job to run, and what manifests, reports and `explain` show of it.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use serde_json::{Value, json};

use super::{BarrierStep, Build, Counted};
use crate::artifact::manifest::Input;
use crate::format::PromptFormat;
use crate::hash;
use crate::plan::source::Found;
use crate::read::ReadColumn;
use crate::record::FileRanks;
use crate::tokenize::End;
use crate::tokenizer::LoadedTokenizer;

/// A plan with everything decided.
pub struct Resolved {
    /// What is run.
    pub job: Job,
    /// What manifests, reports and `explain` show of it.
    pub about: About,
}

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

/// Stages from a source or a barrier to the next barrier, or to the sink.
#[derive(Clone, Copy)]
pub struct Section<'j> {
    /// Map stages and ordered stages, each with the number of its step.
    pub stages: &'j [(usize, Counted, Build)],
    /// What all rows enter then, and the number of its step; nothing before the sink.
    pub barrier: Option<(usize, BarrierStep)>,
}

/// Sources, stages, and the rows that reach the sink. Steps are numbered in order: a source, the steps of its own, the
/// next source, ….
pub struct Job {
    /// The sources, one after another.
    pub origins: Vec<Origin>,
    /// The stages for all rows, each with the number of its step.
    pub stages: Vec<(usize, Counted, Build)>,
    /// The names of all steps.
    pub verbs: Vec<&'static str>,
    /// The columns that reach the sink, hidden ones too.
    pub schema: SchemaRef,
    /// `train` first.
    pub split_names: Vec<String>,
}

/// What was decided about a plan, for manifests, reports and people.
#[derive(Default)]
pub struct About {
    /// The plan for people, a line a step.
    pub lines: Vec<String>,
    /// The plan's JSON as it is published.
    pub plan: Value,
    /// The prompt format.
    pub format: Option<Arc<PromptFormat>>,
    /// The tokenizer.
    pub tokenizer: Option<Arc<LoadedTokenizer>>,
    /// Tokens a row may have.
    pub max_length: Option<usize>,
    /// What ends each row, where they are tokenized.
    pub end: Option<End>,
    /// How keys are made, where there is a dedup.
    pub key_recipe: Option<String>,
    /// Earlier folders of all steps, as they are called in what is published.
    pub against: Vec<String>,
    /// The generations of those folders.
    pub earlier: Vec<String>,
    /// The column whose shares are reported.
    pub report_by: Option<String>,
}

impl Job {
    /// Nothing to run yet.
    pub(super) fn new() -> Self {
        Job {
            origins: Vec::new(),
            stages: Vec::new(),
            verbs: Vec::new(),
            schema: Arc::new(Schema::empty()),
            split_names: vec!["train".into()],
        }
    }

    /// Stored bytes of all files of lines: what [`Cancel::bytes_read`](crate::cancel::Cancel::bytes_read) reaches; none
    /// where a source has no such bytes.
    pub fn input_bytes(&self) -> Option<u64> {
        self.origins.iter().map(|origin| origin.found.input_bytes()).sum()
    }

    /// Whether a step may end this source before its last row.
    pub fn may_end_early(&self, origin: &Origin) -> bool {
        let ends = |build: &Build| matches!(build, Build::Head { ends_input: true, .. });
        origin.stages.iter().chain(&self.stages).any(|(_, _, build)| ends(build))
    }

    /// The stages for all rows, cut at the barriers; the last section has none.
    pub fn sections(&self) -> Vec<Section<'_>> {
        let mut sections = Vec::new();
        let mut start = 0;
        for (i, (step, _, build)) in self.stages.iter().enumerate() {
            if let Build::Barrier(barrier) = build {
                sections.push(Section { stages: &self.stages[start..i], barrier: Some((*step, *barrier)) });
                start = i + 1;
            }
        }
        sections.push(Section { stages: &self.stages[start..], barrier: None });
        sections
    }

    /// What ranks the rows of all sources by this seed.
    pub fn file_ranks(&self, seed: u64) -> FileRanks {
        let files = (0..).zip(&self.origins);
        let files =
            files.flat_map(|(source, origin)| origin.found.rank_names().map(move |name| (source, name)));
        FileRanks::new(files, seed)
    }
}

impl About {
    /// The digest of all that decides the output: the plan's JSON, the generations of earlier folders, and what was read,
    /// by its content; `streams` are the digests of the sources in memory, in order.
    pub fn fingerprint(&self, inputs: &[Input], streams: &[Option<String>]) -> String {
        let files: Vec<&Option<String>> = inputs.iter().map(|input| &input.xxh3).collect();
        let all = json!({"plan": self.plan, "against": self.earlier, "inputs": files, "streams": streams});
        hash::digest_hex(all.to_string().as_bytes())
    }
}
