//! Resolves a plan: from what the user wrote to what is run.

use std::path::PathBuf;

use super::chain_builder::ChainBuilder;
use super::concat::resolve_concat;
use super::dialects;
use super::earlier_folders::folder_names;
use super::job::Origin;
use super::resolved::Resolved;
use crate::cancel::Cancel;
use crate::dialect::Recognised;
use crate::error::{Error, Result};
use crate::plan::source::ResolvedSource;
use crate::plan::sources_and_steps::Plan;
use crate::read::discover::names_from_shared;
use crate::store::Files;

/// Resolves a plan. Reads the start of the files of this store and the tokenizer. Runs nothing.
///
/// # Errors
/// Anything that is wrong with the sources, or with a step and the columns that it gets.
pub fn resolve(plan: &Plan, store: &Files, cancel: &Cancel) -> Result<Resolved> {
    let plan = &dialects::decided(plan, cancel, &|before| resolve(before, store, cancel))?;
    // What a step may follow can depend on the dialect.
    plan.steps.iter().enumerate().try_for_each(|(i, step)| step.verb().check(&plan.steps[..i]))?;
    let mut sources =
        plan.parts.iter().map(|part| part.source.resolve(store, cancel)).collect::<Result<Vec<_>>>()?;
    let plan = &decided(plan, &sources);
    number_files(&mut sources)?;
    let forms = sources.iter().map(ResolvedSource::published).collect();
    let mut resolved = match &plan.source_column {
        None => resolve_one_source(plan, sources, cancel)?,
        Some(column) => resolve_concat(plan, store, column, sources, cancel)?,
    };
    resolved.job.verbs = plan.verbs();
    resolved.description.plan = plan.published(forms, &resolved.description.against)?;
    Ok(resolved)
}

/// The plan with the formats that the content of its files has decided.
fn decided(plan: &Plan, sources: &[ResolvedSource]) -> Plan {
    let mut plan = plan.clone();
    for (part, source) in plan.parts.iter_mut().zip(sources) {
        part.source = source.spec().clone();
    }
    plan
}

/// What the rows of a plan are, by a look at the first rows of each file, and the names of the files.
///
/// # Errors
/// `read_twice`: a source can be read only once. Those of [`resolve`].
pub fn recognise(plan: &Plan, store: &Files, cancel: &Cancel) -> Result<(Recognised, Vec<String>)> {
    dialects::recognise_rows(plan, cancel, &|before| resolve(before, store, cancel))
}

fn resolve_one_source(plan: &Plan, sources: Vec<ResolvedSource>, cancel: &Cancel) -> Result<Resolved> {
    let (Some(part), Some(source)) = (plan.parts.first(), sources.into_iter().next()) else {
        return Err(Error::internal("a plan without a source"));
    };
    let (mut chain, needed, columns) = ChainBuilder::start(part, &source, &plan.steps, None, 0)?;
    chain.builder.description.against = folder_names(plan)?;
    chain.resolve_steps(needed.opaque_from, cancel)?;
    chain.builder.keep_splits()?;
    let mut resolved = chain.finish();
    resolved.job.origins = vec![Origin { source, columns, step: 0, stages: Vec::new() }];
    Ok(resolved)
}

/// Numbers the files of all sources, names them relative to the folder that all share, and gives streams unique
/// names.
fn number_files(sources: &mut [ResolvedSource]) -> Result<()> {
    if sources.len() > 1 {
        let paths: Vec<PathBuf> =
            sources.iter_mut().flat_map(|s| s.files_mut().iter().map(|file| file.path.clone())).collect();
        let files = sources.iter_mut().flat_map(|s| s.files_mut().iter_mut());
        for (file, name) in files.zip(names_from_shared(&paths)?) {
            file.name = name;
        }
    }
    let mut names: Vec<String> =
        sources.iter_mut().flat_map(|s| s.files_mut().iter().map(|file| file.name.clone())).collect();
    for source in sources.iter_mut() {
        let Some(name) = source.stream_name() else { continue };
        let numbered = (2..).map(|number| format!("{name} ({number})"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !names.contains(name));
        *name = free.unwrap_or_default();
        names.push(name.clone());
    }
    let mut first_file = 0;
    for source in sources {
        source.first_file = first_file;
        first_file += source.file_count();
    }
    Ok(())
}
