//! The sources, stages and barriers to run.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};

use super::barrier_step::{BarrierStep, Order};
use super::build::{Build, Counted};
use crate::choose::Choose;
use crate::flow::Barrier;
use crate::pack::Pack;
use crate::plan::source::ResolvedSource;
use crate::read::ReadColumn;
use crate::record::FileRanks;
use crate::shuffle::Shuffle;
use crate::spill::Spill;

/// A source, with the stages for its rows alone.
pub(crate) struct Origin {
    pub(crate) source: ResolvedSource,
    /// The columns to read.
    pub(crate) columns: Vec<ReadColumn>,
    /// The number of its step.
    pub(crate) step: usize,
    /// The stages for its rows alone, each with the number of its step.
    pub(crate) stages: Vec<(usize, Counted, Build)>,
}

/// The stages between a source or a barrier and the next barrier, or the sink.
#[derive(Clone, Copy)]
pub(crate) struct Section<'j> {
    /// Map stages and ordered stages, each with the number of its step.
    pub(crate) stages: &'j [(usize, Counted, Build)],
    /// The barrier at the end, and the number of its step; none before the sink.
    pub(crate) barrier: Option<(usize, &'j BarrierStep)>,
}

/// All that is run. Steps are numbered in order: a source, its own steps, the next source and its steps, and so on,
/// then the steps for all rows.
pub(crate) struct Job {
    /// The sources, in the order in which they are read.
    pub(crate) origins: Vec<Origin>,
    /// The stages for all rows, each with the number of its step.
    pub(crate) stages: Vec<(usize, Counted, Build)>,
    /// The names of all steps.
    pub(crate) verbs: Vec<&'static str>,
    /// The columns that reach the sink, including hidden ones.
    pub schema: SchemaRef,
    /// The names of the splits, `train` first.
    pub(crate) split_names: Vec<String>,
}

impl Default for Job {
    /// Nothing to run, and the split `train`.
    fn default() -> Self {
        Job {
            origins: Vec::new(),
            stages: Vec::new(),
            verbs: Vec::new(),
            schema: Arc::new(Schema::empty()),
            split_names: vec!["train".into()],
        }
    }
}

impl Job {
    /// Stored bytes of all files of lines, the final value of
    /// [`Cancel::bytes_read`](crate::cancel::Cancel::bytes_read); none if a source is not counted there.
    pub(crate) fn input_bytes(&self) -> Option<u64> {
        self.origins.iter().map(|origin| origin.source.input_bytes()).sum()
    }

    /// Whether a step may stop reading this source before its last row.
    pub(crate) fn may_end_early(&self, origin: &Origin) -> bool {
        let ends = |build: &Build| matches!(build, Build::Head { ends_input: true, .. });
        origin.stages.iter().chain(&self.stages).any(|(_, _, build)| ends(build))
    }

    /// The stages for all rows, divided at the barriers. The last section has no barrier.
    pub(crate) fn sections(&self) -> Vec<Section<'_>> {
        let mut sections = Vec::new();
        let mut start = 0;
        for (i, (step, _, build)) in self.stages.iter().enumerate() {
            if let Build::Barrier(barrier) = build {
                sections.push(Section { stages: &self.stages[start..i], barrier: Some((*step, barrier)) });
                start = i + 1;
            }
        }
        sections.push(Section { stages: &self.stages[start..], barrier: None });
        sections
    }

    /// A new barrier for this step.
    pub(crate) fn open_barrier(&self, step: &BarrierStep, spill: Spill) -> Box<dyn Barrier> {
        let (splits, steps_follow) = (self.split_names.len(), step.steps_follow);
        match &step.order {
            Order::Shuffle(seed) => {
                Box::new(Shuffle::new(self.file_ranks(*seed), splits, steps_follow, spill))
            }
            Order::Choose(how) => {
                let ranks = self.file_ranks(how.seed());
                Box::new(Choose::new(how.clone(), ranks, splits, steps_follow, spill))
            }
            Order::Pack(how) => {
                Box::new(Pack::new(*how, self.file_ranks(how.seed), splits, steps_follow, spill))
            }
        }
    }

    /// The ranks of the rows of all sources by this seed.
    pub(crate) fn file_ranks(&self, seed: u64) -> FileRanks {
        let sources = (0..).zip(&self.origins);
        let files =
            sources.flat_map(|(number, origin)| origin.source.rank_names().map(move |name| (number, name)));
        FileRanks::new(files, seed)
    }
}
