//! Builds the stages of a pass from those of a resolved plan.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::pass::{Stage, UNCOUNTED};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::flow::{Ordered, RemovedRows};
use crate::plan::resolve::{Build, Counted};
use crate::record::Batch;

/// An ordered stage that the passes of several sources share.
#[derive(Clone)]
pub(crate) struct SharedStage(Arc<Mutex<Box<dyn Ordered>>>);

impl SharedStage {
    /// Locks the stage.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Box<dyn Ordered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ordered for SharedStage {
    fn push(&mut self, batch: Batch, taken_out: &mut RemovedRows) -> Result<Batch> {
        self.lock().push(batch, taken_out)
    }

    fn can_be_satisfied(&self) -> bool {
        self.lock().can_be_satisfied()
    }

    fn is_satisfied(&self) -> bool {
        self.lock().is_satisfied()
    }
}

/// New ordered stages, in the positions of these stages; none for each other stage.
pub(crate) fn ordered_stages(
    builds: &[(usize, Counted, Build)],
    cancel: &Cancel,
) -> Result<Vec<Option<SharedStage>>> {
    let shared = |(_, _, build): &(usize, Counted, Build)| {
        Ok(build.ordered(cancel)?.map(|stage| SharedStage(Arc::new(Mutex::new(stage)))))
    };
    builds.iter().map(shared).collect()
}

/// The stages of a pass, each with the step that counts its rows; `ordered` are those of [`ordered_stages`].
pub(crate) fn pass_stages(
    builds: &[(usize, Counted, Build)],
    ordered: &[Option<SharedStage>],
) -> Result<Vec<(usize, Stage)>> {
    let stage = |((step, counted, build), ordered): (&(usize, Counted, Build), &Option<SharedStage>)| {
        let step = if *counted == Counted::Yes { *step } else { UNCOUNTED };
        match (build, ordered) {
            (_, Some(ordered)) => Ok((step, Stage::Ordered(Box::new(ordered.clone())))),
            (Build::Map(map), None) => Ok((step, Stage::Map(Arc::clone(map)))),
            (_, None) => Err(Error::internal("a pass cannot have a barrier as a stage")),
        }
    };
    builds.iter().zip(ordered).map(stage).collect()
}
