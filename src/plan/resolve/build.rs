//! How each stage of a run is made.

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

/// Whether a stage counts its rows for its step: of several stages of a step one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// It does.
    Yes,
    /// Another one does.
    No,
}

/// A stage, or how to make it for each run.
pub(crate) enum Build {
    /// Has no state.
    Map(Arc<dyn Map>),
    /// Takes all rows before it gives the first one.
    Barrier(BarrierStep),
    /// Keeps so many rows.
    Head {
        /// How many.
        rows: usize,
        /// Whether the input ends with the last of them.
        ends_input: bool,
    },
    /// Numbers rows.
    RowIndex {
        /// The column of the numbers.
        column: String,
        /// The first of them.
        offset: i64,
    },
    /// Looks keys up.
    Dedup {
        /// Names the kept rows.
        keepers: bool,
        /// Compares bytes.
        verify: bool,
        /// The store that has the earlier folders.
        store: Files,
        /// Earlier folders.
        against: Vec<PathBuf>,
        /// The number of the first of them among all of the plan.
        first: usize,
        /// Their keys must have been made so.
        recipe: String,
    },
}

impl Build {
    /// The ordered stage, with no row seen and no key of an earlier folder.
    pub(crate) fn unseeded(&self) -> Option<Box<dyn Ordered>> {
        match self {
            Build::Map(_) | Build::Barrier(_) => None,
            Build::Head { rows, ends_input } => Some(Box::new(HeadStage::new(*rows, *ends_input))),
            Build::RowIndex { column, offset } => Some(Box::new(RowIndexStage::new(column.clone(), *offset))),
            Build::Dedup { keepers, verify, .. } => Some(Box::new(DedupStage::new(*keepers, *verify))),
        }
    }

    /// The ordered stage, with no row seen.
    ///
    /// # Errors
    /// Those of [`Keys::open`], `other_keys`.
    pub(crate) fn ordered(&self, cancel: &Cancel) -> Result<Option<Box<dyn Ordered>>> {
        Ok(match self {
            Build::Dedup { keepers, verify, store, against, first, recipe } => {
                let mut stage = DedupStage::new(*keepers, *verify);
                for (i, folder) in against.iter().enumerate() {
                    let keys = Keys::open(store, folder, cancel)?;
                    same_keys(folder, &keys.recipe, recipe)?;
                    stage.seed(first + i, keys)?;
                }
                Some(Box::new(stage))
            }
            _ => self.unseeded(),
        })
    }
}

/// Fails where the keys of an earlier folder cannot be compared with this plan's.
pub(crate) fn same_keys(folder: &Path, theirs: &str, ours: &str) -> Result<()> {
    if theirs == ours {
        return Ok(());
    }
    let message = format!("dedup: its keys were made by `{theirs}`, this plan's by `{ours}`");
    Err(Error::new(Class::Plan, "other_keys", message)
        .path(folder.display())
        .help("give dedup the same on= and normalize= as that folder had, or prepare it again"))
}
