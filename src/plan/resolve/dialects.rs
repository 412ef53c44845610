//! Decides the dialects of a plan: steps `read_as` that leave the dialect or its columns open.

use super::resolved::Resolved;
use super::sample::sample;
use crate::cancel::Cancel;
use crate::dialect::{self, Dialect, PartColumns, Recognised, examine, recognise};
use crate::error::{Class, Error, Result};
use crate::plan::source::read_twice;
use crate::plan::sources_and_steps::{Part, Plan};
use crate::plan::step::Step;
use crate::plan::verbs::{AUTO, ReadAs};

/// The plan with every `read_as` decided; `resolve` resolves the plan before the step.
///
/// # Errors
/// Those of resolving the plan before the step, and of reading its first rows. `missing_column`: a dialect that was named
/// lacks a column.
pub(crate) fn decided(
    plan: &Plan,
    cancel: &Cancel,
    resolve: &dyn Fn(&Plan) -> Result<Resolved>,
) -> Result<Plan> {
    let mut plan = plan.clone();
    for i in 0..plan.parts.len() {
        let part = &plan.parts[i];
        if let Some((index, step)) = undecided(&part.steps) {
            let before = Plan {
                parts: vec![Part { name: String::new(), source: part.source.clone(), steps: Vec::new() }],
                source_column: None,
                steps: part.steps[..index].to_vec(),
            };
            let decided = decide(step, &before, cancel, resolve)?;
            plan.parts[i].steps[index] = decided.into();
        }
    }
    if let Some((index, step)) = undecided(&plan.steps) {
        let before = Plan { steps: plan.steps[..index].to_vec(), ..plan.clone() };
        let decided = decide(step, &before, cancel, resolve)?;
        plan.steps[index] = decided.into();
    }
    Ok(plan)
}

/// What the rows of a plan are, by a look at the first rows of each file, and the names of the files. Of a plan with a
/// `read_as` that names a dialect, what that dialect reads of them. Rows are looked at as they reach that step, or else the
/// first step that renders or orders them.
///
/// # Errors
/// `read_twice`: a source can be read only once. Those of [`decided`].
pub(super) fn recognise_rows(
    plan: &Plan,
    cancel: &Cancel,
    resolve: &dyn Fn(&Plan) -> Result<Resolved>,
) -> Result<(Recognised, Vec<String>)> {
    let looks_on = |step: &Step| KEEPS_MEANING.contains(&step.name());
    let end = plan.steps.iter().position(|step| !looks_on(step)).unwrap_or(plan.steps.len());
    let mut before = Plan { steps: plan.steps[..end].to_vec(), ..plan.clone() };
    for part in &mut before.parts {
        part.steps.retain(|step| !step.is::<ReadAs>());
    }
    let resolved = resolve(&before)?;
    let origins = &resolved.job.origins;
    if let Some(origin) = origins.iter().find(|origin| !origin.source.can_be_read_again()) {
        return Err(read_twice(&origin.source.describe()));
    }
    let files = origins.iter().flat_map(|origin| origin.source.names()).collect();
    let head = sample(&resolved, cancel)?;
    let named = plan.steps.get(end).and_then(Step::get::<ReadAs>);
    let found = match named.and_then(|step| Some((step, dialect::find(&step.dialect)?))) {
        Some((step, dialect)) => examine(&head, dialect, columns_of(step, dialect, &resolved)?),
        None => recognise(&head),
    };
    Ok((found, files))
}

/// Verbs that change neither what rows mean nor their order.
const KEEPS_MEANING: [&str; 12] = [
    "select",
    "drop",
    "rename",
    "filter",
    "with_columns",
    "map_batches",
    "with_row_index",
    "head",
    "normalize",
    "strip_affix",
    "ensure_affix",
    "redact",
];

fn undecided(steps: &[Step]) -> Option<(usize, &ReadAs)> {
    steps
        .iter()
        .enumerate()
        .find_map(|(i, step)| Some((i, step.get::<ReadAs>().filter(|s| s.is_undecided())?)))
}

fn decide(
    step: &ReadAs,
    before: &Plan,
    cancel: &Cancel,
    resolve: &dyn Fn(&Plan) -> Result<Resolved>,
) -> Result<ReadAs> {
    let resolved = resolve(before)?;
    if step.dialect == AUTO { recognised(&resolved, cancel) } else { with_columns(step, &resolved) }
}

/// The dialect that the first rows have.
fn recognised(resolved: &Resolved, cancel: &Cancel) -> Result<ReadAs> {
    if resolved.job.origins.iter().any(|origin| !origin.source.can_be_read_again()) {
        let note = "not recognised, since the input can be read only once: name the dialect, as in read_as(\"pairs\")";
        return Ok(ReadAs::decide(None, Some(note.into())));
    }
    let found = recognise(&sample(resolved, cancel)?);
    Ok(match found.dialect {
        None => ReadAs::decide(None, Some(format!("not recognised: {}", found.why.join("; ")))),
        Some(dialect) => match dialect.refusal() {
            Some(refusal) => {
                let note = format!("{} ({}) is not supported: {refusal}", dialect.name(), dialect.title());
                ReadAs::decide(None, Some(note))
            }
            None => {
                let note = format!("recognised: {} of the first {} rows fit", found.fits, found.rows);
                ReadAs::decide(Some((dialect, &found.columns)), Some(note))
            }
        },
    })
}

/// The dialect that was named, with all its columns.
fn with_columns(step: &ReadAs, resolved: &Resolved) -> Result<ReadAs> {
    let dialect = dialect::find(&step.dialect)
        .ok_or_else(|| Error::internal(format!("there is no dialect {}", step.dialect)))?;
    let columns = columns_of(step, dialect, resolved)?;
    Ok(ReadAs::decide(Some((dialect, &columns)), None))
}

/// The columns of all parts: those that the user has named, and those that are found by their names.
fn columns_of(step: &ReadAs, dialect: &dyn Dialect, resolved: &Resolved) -> Result<PartColumns> {
    let names: Vec<String> = resolved.visible().into_iter().map(|(name, _)| name).collect();
    dialect::complete(dialect, &step.given(dialect)?, &names).map_err(|part| {
        let message = format!(
            "read_as: the rows have no column for `{}` of {}, which is named {} as a rule; columns: {}",
            part.name,
            dialect.name(),
            part.columns[..part.columns.len().min(3)].join(", "),
            names.join(", ")
        );
        Error::new(Class::Column, "missing_column", message).help(format!(
            "name the column: read_as(\"{}\", columns={{\"{}\": \"…\"}})",
            dialect.name(),
            part.name
        ))
    })
}
