//! The columns of a source that the steps of a plan need.

use std::collections::BTreeMap;

use super::columns::{Columns, Conversations, Use};
use super::step::{Step, answers, conversations, prompt_format};
use crate::error::Result;

/// The columns that a plan needs of a source.
pub(crate) struct Needed {
    /// The columns, in the source's order, with their use.
    pub(crate) columns: Vec<(String, Use)>,
    /// The step after which names are unknown; the uses of later steps are found by [`used`].
    pub(crate) opaque_from: Option<usize>,
    /// The same for the steps after a concat.
    pub(crate) opaque_after: Option<usize>,
}

/// The columns of a concat, and the steps after it.
pub(crate) struct ConcatColumns<'p> {
    /// The names of the columns of all sources, in order, without `source_column`.
    pub(crate) names: &'p [String],
    /// The column that names the source of a row.
    pub(crate) source_column: &'p str,
    pub(crate) steps: &'p [Step],
}

/// The columns that these steps, and those after a concat, need of a source with the columns `source`. `splits` is
/// the column with the split of each row, if there is one.
///
/// # Errors
/// Those of [`Verb::columns`](super::step::Verb::columns).
pub(crate) fn needed<'p>(
    steps: &'p [Step],
    concat: Option<&ConcatColumns<'p>>,
    source: &[String],
    splits: Option<&'p str>,
) -> Result<Needed> {
    let mut columns = Columns::new(source, splits);
    (0..steps.len()).try_for_each(|i| pass(&mut columns, steps, i))?;
    let (opaque_from, mut opaque_after) = (columns.opaque_from(), None);
    if let Some(concat) = concat {
        columns.concat(concat.names, concat.source_column);
        (0..concat.steps.len()).try_for_each(|i| pass(&mut columns, concat.steps, i))?;
        opaque_after = columns.opaque_from();
    }
    let uses = columns.into_uses();
    let used = source.iter().filter_map(|name| uses.get(name).map(|u| (name.clone(), *u))).collect();
    Ok(Needed { columns: used, opaque_from, opaque_after })
}

/// How one step uses the columns `current`.
///
/// # Errors
/// Those of [`Verb::columns`](super::step::Verb::columns).
pub(crate) fn used(
    steps: &[Step],
    step: usize,
    current: &[String],
    splits: Option<&str>,
) -> Result<BTreeMap<String, Use>> {
    let mut columns = Columns::new(current, splits);
    pass(&mut columns, steps, step)?;
    Ok(columns.used())
}

/// Applies step `i` to the columns.
fn pass<'p>(columns: &mut Columns<'p>, steps: &'p [Step], i: usize) -> Result<()> {
    let formatted = prompt_format(&steps[..i]).is_some();
    let dialect = steps[..i].iter().find_map(|step| step.verb().dialect());
    let conversations = match (conversations(&steps[..i]), conversations(steps)) {
        (Some(weighted), _) => Conversations::Before { weighted },
        (None, Some(_)) => Conversations::Later,
        (None, None) => Conversations::Nowhere,
    };
    let format = prompt_format(steps).map(AsRef::as_ref);
    columns.begin_step(i, steps[i].name(), format, formatted, dialect, conversations);
    columns.set_answers(answers(&steps[..=i]));
    steps[i].verb().columns(columns)
}
