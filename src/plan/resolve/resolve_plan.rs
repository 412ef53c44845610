//! From what was said to what is run.

use std::path::PathBuf;

use super::chain_builder::ChainBuilder;
use super::concat::of_several;
use super::earlier_folders::folder_names;
use super::job::Origin;
use super::resolved::Resolved;
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::plan::source::Found;
use crate::plan::sources_and_steps::Plan;
use crate::read::discover::names_from_shared;
use crate::store::Files;

/// Decides everything. Reads the heads of the files of this store and the tokenizer, no row.
pub fn resolve(plan: &Plan, store: &Files, cancel: &Cancel) -> Result<Resolved> {
    let mut found =
        plan.parts.iter().map(|part| part.source.find(store, cancel)).collect::<Result<Vec<_>>>()?;
    number_files(&mut found)?;
    let forms = found.iter().map(Found::published).collect();
    let mut resolved = match &plan.source_column {
        None => of_one(plan, found, cancel)?,
        Some(column) => of_several(plan, store, column, found, cancel)?,
    };
    resolved.job.verbs = plan.verbs();
    resolved.description.plan = plan.published(forms, &resolved.description.against)?;
    Ok(resolved)
}

fn of_one(plan: &Plan, found: Vec<Found>, cancel: &Cancel) -> Result<Resolved> {
    let (Some(part), Some(found)) = (plan.parts.first(), found.into_iter().next()) else {
        return Err(Error::internal("a plan without a source"));
    };
    let (mut chain, needed, columns) = ChainBuilder::start(part, &found, &plan.steps, None, 0)?;
    chain.builder.description.against = folder_names(plan)?;
    chain.go_on(needed.opaque_from, cancel)?;
    chain.builder.keep_splits()?;
    let mut resolved = chain.finish();
    resolved.job.origins = vec![Origin { found, columns, step: 0, stages: Vec::new() }];
    Ok(resolved)
}

/// Files of several sources are named from the folder that all share, and numbered on; streams get names of their own.
fn number_files(found: &mut [Found]) -> Result<()> {
    if found.len() > 1 {
        let paths: Vec<PathBuf> =
            found.iter_mut().flat_map(|f| f.files_mut().iter().map(|file| file.path.clone())).collect();
        let files = found.iter_mut().flat_map(|f| f.files_mut().iter_mut());
        for (file, name) in files.zip(names_from_shared(&paths)?) {
            file.name = name;
        }
    }
    let mut names: Vec<String> =
        found.iter_mut().flat_map(|f| f.files_mut().iter().map(|file| file.name.clone())).collect();
    for found in found.iter_mut() {
        let Some(name) = found.stream_name() else { continue };
        let numbered = (2..).map(|number| format!("{name} ({number})"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !names.contains(name));
        *name = free.unwrap_or_default();
        names.push(name.clone());
    }
    let mut first_file = 0;
    for found in found {
        found.first_file = first_file;
        first_file += found.file_count();
    }
    Ok(())
}
