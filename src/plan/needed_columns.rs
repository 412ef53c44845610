//! Which columns of the source the steps of a plan need.

use std::collections::BTreeMap;

use super::columns::{Columns, Use};
use super::step::{Step, format_of};
use crate::error::Result;

/// What a plan needs of its source.
pub(crate) struct Needed {
    /// The columns, in the source's order, with their use.
    pub(crate) columns: Vec<(String, Use)>,
    /// The step after which columns are not known by name: what follows is to be asked by [`used`].
    pub(crate) opaque_from: Option<usize>,
    /// The same of the steps after a concat.
    pub(crate) opaque_after: Option<usize>,
}

/// The columns that several sources have together: what a concat makes of the columns of each.
pub(crate) struct Together<'p> {
    /// Their names, in order; the column that names the source of a row is not among them.
    pub(crate) names: &'p [String],
    /// The column that names the source of a row.
    pub(crate) source_column: &'p str,
    /// The steps after the concat.
    pub(crate) steps: &'p [Step],
}

/// What these steps, and those after a concat, need of a source. `splits` is the column that names the splits of rows
/// that have one.
///
/// # Errors
/// Those of [`Verb::columns`](super::step::Verb::columns).
pub(crate) fn needed<'p>(
    steps: &'p [Step],
    together: Option<&Together<'p>>,
    source: &[String],
    splits: Option<&'p str>,
) -> Result<Needed> {
    let mut columns = Columns::new(source, splits);
    (0..steps.len()).try_for_each(|i| pass(&mut columns, steps, i))?;
    let (opaque_from, mut opaque_after) = (columns.opaque_from(), None);
    if let Some(together) = together {
        columns.join(together.names, together.source_column);
        (0..together.steps.len()).try_for_each(|i| pass(&mut columns, together.steps, i))?;
        opaque_after = columns.opaque_from();
    }
    let uses = columns.into_uses();
    let used = source.iter().filter_map(|name| uses.get(name).map(|u| (name.clone(), *u))).collect();
    Ok(Needed { columns: used, opaque_from, opaque_after })
}

/// What a step uses of these columns, which are there in fact.
///
/// # Errors
/// Those of [`Verb::columns`](super::step::Verb::columns).
pub(crate) fn used(
    steps: &[Step],
    step: usize,
    there: &[String],
    splits: Option<&str>,
) -> Result<BTreeMap<String, Use>> {
    let mut columns = Columns::new(there, splits);
    pass(&mut columns, steps, step)?;
    Ok(columns.used())
}

/// Goes through one of these steps.
fn pass<'p>(columns: &mut Columns<'p>, steps: &'p [Step], i: usize) -> Result<()> {
    let formatted = format_of(&steps[..i]).is_some();
    columns.begin(i, steps[i].name(), format_of(steps).map(AsRef::as_ref), formatted);
    steps[i].verb().columns(columns)
}
