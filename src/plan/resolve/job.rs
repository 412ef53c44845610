//! What is run: sources, stages and barriers.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};

use super::barrier_step::{BarrierStep, Order};
use super::build::{Build, Counted};
use crate::flow::Barrier;
use crate::pack::Pack;
use crate::plan::source::Found;
use crate::read::ReadColumn;
use crate::record::FileRanks;
use crate::shuffle::Shuffle;
use crate::spill::Spill;

/// A source, looked at, and what its rows go through alone.
pub(crate) struct Origin {
    /// The source.
    pub(crate) found: Found,
    /// What is read of it.
    pub(crate) columns: Vec<ReadColumn>,
    /// The number of its step.
    pub(crate) step: usize,
    /// The stages of its own, each with the number of its step.
    pub(crate) stages: Vec<(usize, Counted, Build)>,
}

/// Stages from a source or a barrier to the next barrier, or to the sink.
#[derive(Clone, Copy)]
pub(crate) struct Section<'j> {
    /// Map stages and ordered stages, each with the number of its step.
    pub(crate) stages: &'j [(usize, Counted, Build)],
    /// What all rows enter then, and the number of its step; nothing before the sink.
    pub(crate) barrier: Option<(usize, BarrierStep)>,
}

/// Sources, stages, and the rows that reach the sink. Steps are numbered in order: a source, the steps of its own, the
/// next source, ….
pub(crate) struct Job {
    /// The sources, one after another.
    pub(crate) origins: Vec<Origin>,
    /// The stages for all rows, each with the number of its step.
    pub(crate) stages: Vec<(usize, Counted, Build)>,
    /// The names of all steps.
    pub(crate) verbs: Vec<&'static str>,
    /// The columns that reach the sink, hidden ones too.
    pub schema: SchemaRef,
    /// `train` first.
    pub(crate) split_names: Vec<String>,
}

impl Default for Job {
    /// Nothing to run yet.
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
    /// Stored bytes of all files of lines: what [`Cancel::bytes_read`](crate::cancel::Cancel::bytes_read) reaches; none
    /// where a source has no such bytes.
    pub(crate) fn input_bytes(&self) -> Option<u64> {
        self.origins.iter().map(|origin| origin.found.input_bytes()).sum()
    }

    /// Whether a step may end this source before its last row.
    pub(crate) fn may_end_early(&self, origin: &Origin) -> bool {
        let ends = |build: &Build| matches!(build, Build::Head { ends_input: true, .. });
        origin.stages.iter().chain(&self.stages).any(|(_, _, build)| ends(build))
    }

    /// The stages for all rows, cut at the barriers; the last section has none.
    pub(crate) fn sections(&self) -> Vec<Section<'_>> {
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

    /// One of its barriers, with no row seen.
    pub(crate) fn open_barrier(&self, step: BarrierStep, spill: Spill) -> Box<dyn Barrier> {
        let (splits, goes_on) = (self.split_names.len(), step.goes_on);
        match step.order {
            Order::Shuffle(seed) => Box::new(Shuffle::new(self.file_ranks(seed), splits, goes_on, spill)),
            Order::Pack(how) => Box::new(Pack::new(how, self.file_ranks(how.seed), splits, goes_on, spill)),
        }
    }

    /// What ranks the rows of all sources by this seed.
    pub(crate) fn file_ranks(&self, seed: u64) -> FileRanks {
        let files = (0..).zip(&self.origins);
        let files =
            files.flat_map(|(source, origin)| origin.found.rank_names().map(move |name| (source, name)));
        FileRanks::new(files, seed)
    }
}
