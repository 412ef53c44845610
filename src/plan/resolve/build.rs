//! How to build each stage of a run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::barrier_step::BarrierStep;
use crate::artifact::Keys;
use crate::cancel::Cancel;
use crate::dedup::DedupStage;
use crate::error::{Class, Error, Result};
use crate::flow::{Map, Ordered};
use crate::select::{HeadStage, RowIndexStage};
use crate::store::Files;

/// Whether a stage counts its rows for its step. Of several stages of a step, exactly one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// It counts them.
    Yes,
    /// Another stage of the step counts them.
    No,
}

/// A stage without state, or how to build a stage for each run.
pub(crate) enum Build {
    /// A stage without state.
    Map(Arc<dyn Map>),
    /// A barrier.
    Barrier(BarrierStep),
    /// Keeps the first rows.
    Head {
        rows: usize,
        /// Whether reading stops after the last of them.
        ends_input: bool,
    },
    /// Numbers rows.
    RowIndex {
        /// The name of the new column.
        column: String,
        /// The number of the first row.
        offset: i64,
    },
    /// Removes rows whose key was seen before.
    Dedup {
        /// Whether each duplicate names the row that was kept.
        keepers: bool,
        /// Whether bytes are compared if keys are equal.
        verify: bool,
        /// The store of the earlier folders.
        store: Files,
        /// Earlier folders, whose keys count as seen.
        against: Vec<PathBuf>,
        /// The number of the first of these folders among all folders of the plan.
        first: usize,
        /// How keys are made; the earlier folders must have the same recipe.
        recipe: String,
    },
}

impl Build {
    /// A new ordered stage, without the keys of earlier folders.
    pub(crate) fn unseeded(&self) -> Option<Box<dyn Ordered>> {
        match self {
            Build::Map(_) | Build::Barrier(_) => None,
            Build::Head { rows, ends_input } => Some(Box::new(HeadStage::new(*rows, *ends_input))),
            Build::RowIndex { column, offset } => Some(Box::new(RowIndexStage::new(column.clone(), *offset))),
            Build::Dedup { keepers, verify, .. } => Some(Box::new(DedupStage::new(*keepers, *verify))),
        }
    }

    /// A new ordered stage.
    ///
    /// # Errors
    /// Those of [`Keys::open`], `other_keys`.
    pub(crate) fn ordered(&self, cancel: &Cancel) -> Result<Option<Box<dyn Ordered>>> {
        Ok(match self {
            Build::Dedup { keepers, verify, store, against, first, recipe } => {
                let mut stage = DedupStage::new(*keepers, *verify);
                for (i, folder) in against.iter().enumerate() {
                    let keys = Keys::open(store, folder, cancel)?;
                    check_recipe(folder, &keys.recipe, recipe)?;
                    stage.seed(first + i, keys)?;
                }
                Some(Box::new(stage))
            }
            _ => self.unseeded(),
        })
    }
}

/// Fails if the keys of an earlier folder were made by another recipe than those of this plan.
///
/// # Errors
/// `other_keys`.
pub(crate) fn check_recipe(folder: &Path, theirs: &str, ours: &str) -> Result<()> {
    if theirs == ours {
        return Ok(());
    }
    let message = format!("dedup: the keys of the folder are `{theirs}`, those of this plan `{ours}`");
    Err(Error::new(Class::Plan, "other_keys", message)
        .path(folder.display())
        .help("give dedup the same on= and normalize= as for that folder, or prepare that folder again"))
}
