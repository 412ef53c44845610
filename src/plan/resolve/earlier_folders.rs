//! The earlier folders that `dedup` compares rows with.

use std::path::PathBuf;

use crate::error::Result;
use crate::plan::sources_and_steps::Plan;
use crate::plan::verbs::Dedup;
use crate::read::discover::names_from_shared;

/// The names of the earlier folders of all steps, in order.
pub(crate) fn folder_names(plan: &Plan) -> Result<Vec<String>> {
    let folders = plan.steps.iter().flat_map(|step| match step.get::<Dedup>() {
        Some(dedup) => dedup.against.as_slice(),
        None => &[],
    });
    names_from_shared(&folders.cloned().collect::<Vec<PathBuf>>())
}
