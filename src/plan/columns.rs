//! Which columns of the source the plan needs, and how it uses each: found by name alone.

use std::collections::BTreeMap;

use super::Step;
use crate::error::{Class, Error, Result, missing_column};
use crate::record::schema::{COMPLETION, PROMPT};

/// How the plan uses a column of the source; the stronger use wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// It only passes through, or is only asked whether it is null.
    Passes,
    /// Its value is read, whatever its type.
    Read,
    /// It must be text where it is not null; the verb that says so.
    Text(&'static str),
    /// It must be text in every row; likewise.
    TextInEveryRow(&'static str),
}

/// A column at some point of the chain, and the source's column it still is.
#[derive(Debug, Clone)]
struct Column {
    name: String,
    origin: Option<String>,
}

/// The columns that a step finds, and what was used of the source so far.
pub struct Columns<'p> {
    there: Vec<Column>,
    uses: BTreeMap<String, Use>,
    /// The first step that is a function over all columns: after it nothing is known by name until it is called.
    opaque_from: Option<usize>,
    /// The steps that it goes through.
    steps: &'p [Step],
    /// The step it is at.
    step: usize,
    /// The column of the splits that rows have.
    splits: Option<&'p str>,
}

/// What a plan needs of its source.
pub struct Needed {
    /// The columns, in the source's order, with their use.
    pub columns: Vec<(String, Use)>,
    /// The step after which columns are not known by name: what follows is to be asked by [`used`].
    pub opaque_from: Option<usize>,
    /// The same of the steps after a concat.
    pub opaque_after: Option<usize>,
}

/// The columns that several sources have together: what a concat makes of the columns of each.
pub struct Together<'p> {
    /// Their names, in order; the column that names the source of a row is not among them.
    pub names: &'p [String],
    /// The column that names the source of a row.
    pub source_column: &'p str,
    /// The steps after the concat.
    pub steps: &'p [Step],
}

/// What these steps, and those after a concat, need of a source. `splits` is the column that names the splits of rows
/// that have one.
///
/// # Errors
/// Those of [`Verb::columns`](super::verbs::Verb::columns).
pub fn needed<'p>(
    steps: &'p [Step],
    together: Option<&Together<'p>>,
    source: &[String],
    splits: Option<&'p str>,
) -> Result<Needed> {
    let mut columns = Columns::new(steps, source, splits);
    columns.pass()?;
    let (opaque_from, mut opaque_after) = (columns.opaque_from, None);
    if let Some(together) = together {
        columns.join(together);
        columns.pass()?;
        opaque_after = columns.opaque_from;
    }
    columns.keep_splits();
    for column in std::mem::take(&mut columns.there) {
        if let Some(origin) = column.origin {
            columns.uses.entry(origin).or_insert(Use::Passes);
        }
    }
    let used = source.iter().filter_map(|name| columns.uses.get(name).map(|u| (name.clone(), *u))).collect();
    Ok(Needed { columns: used, opaque_from, opaque_after })
}

/// What a step uses of these columns, which are there in fact.
///
/// # Errors
/// Those of [`Verb::columns`](super::verbs::Verb::columns).
pub fn used(
    steps: &[Step],
    step: usize,
    there: &[String],
    splits: Option<&str>,
) -> Result<BTreeMap<String, Use>> {
    let mut columns = Columns::new(steps, there, splits);
    columns.step = step;
    steps[step].verb().columns(&mut columns)?;
    Ok(columns.uses)
}

impl<'p> Columns<'p> {
    fn new(steps: &'p [Step], names: &[String], splits: Option<&'p str>) -> Self {
        let there = names.iter().map(|name| Column { name: name.clone(), origin: Some(name.clone()) });
        Columns { there: there.collect(), uses: BTreeMap::new(), opaque_from: None, steps, step: 0, splits }
    }

    /// Goes through all steps.
    fn pass(&mut self) -> Result<()> {
        for (i, step) in self.steps.iter().enumerate() {
            self.step = i;
            step.verb().columns(self)?;
        }
        Ok(())
    }

    /// Goes on with the steps after a concat: each column of another source is made.
    fn join(&mut self, together: &Together<'p>) {
        let old = std::mem::take(&mut self.there);
        let find = |name: &String| old.iter().find(|c| c.name == *name).cloned();
        let made = |name: &str| Column { name: name.into(), origin: None };
        self.there = together.names.iter().map(|name| find(name).unwrap_or_else(|| made(name))).collect();
        self.there.push(made(together.source_column));
        (self.steps, self.step, self.opaque_from) = (together.steps, 0, None);
    }

    /// Uses a column.
    ///
    /// # Errors
    /// `missing_column`.
    pub fn use_column(&mut self, name: &str, used: Use) -> Result<()> {
        match self.there.iter().find(|c| c.name == name) {
            Some(Column { origin: Some(origin), .. }) => {
                let entry = self.uses.entry(origin.clone()).or_insert(used);
                *entry = (*entry).max(used);
                Ok(())
            }
            Some(_) => Ok(()),
            None if self.opaque_from.is_some() => Ok(()),
            None => Err(self.missing(name)),
        }
    }

    fn missing(&self, name: &str) -> Error {
        let known: Vec<String> = self.names().map(str::to_string).collect();
        let error = missing_column(name, self.steps[self.step].name(), &known);
        match self.consumed_by_format(name) {
            Some(way_out) => error.help(way_out),
            None => error,
        }
    }

    /// Asks for a column that is not used.
    ///
    /// # Errors
    /// `missing_column`.
    pub fn is_there(&self, name: &str) -> Result<()> {
        match self.opaque_from.is_some() || self.names().any(|there| there == name) {
            true => Ok(()),
            false => Err(self.missing(name)),
        }
    }

    /// Uses all of these columns.
    ///
    /// # Errors
    /// `missing_column`.
    pub fn use_all(&mut self, names: &[String], used: Use) -> Result<()> {
        names.iter().try_for_each(|name| self.use_column(name, used))
    }

    /// The names of the columns that are there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.there.iter().map(|c| c.name.as_str())
    }

    /// The columns that make a row what it is: not the split that it is in.
    pub fn compared(&self) -> Vec<String> {
        self.names().filter(|name| self.splits != Some(name)).map(str::to_string).collect()
    }

    /// Keeps the columns for whose names this is true.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.there.retain(|c| keep(&c.name));
    }

    /// Keeps these columns, in this order.
    pub fn arrange(&mut self, names: &[String]) {
        let old = std::mem::take(&mut self.there);
        let find = |name: &String| old.iter().find(|c| c.name == *name).cloned();
        self.there = names.iter().filter_map(find).collect();
    }

    /// Gives every column another name.
    pub fn rename(&mut self, new: impl Fn(&str) -> String) {
        for column in &mut self.there {
            column.name = new(&column.name);
        }
    }

    /// A column that the step makes, in the place of one of its name, or as the last. The old one is read, so that its
    /// place is there.
    pub fn make(&mut self, name: &str) {
        match self.there.iter_mut().find(|c| c.name == name) {
            Some(column) => {
                if let Some(origin) = column.origin.take() {
                    self.uses.entry(origin).or_insert(Use::Passes);
                }
            }
            None => self.there.push(Column { name: name.into(), origin: None }),
        }
    }

    /// Columns that the step makes, before all others.
    pub fn make_first(&mut self, names: &[&str]) {
        let made = names.iter().map(|name| Column { name: (*name).into(), origin: None });
        self.there.splice(0..0, made);
    }

    /// The step reads every column, and makes columns whose names are not known yet.
    ///
    /// # Errors
    /// None: all columns are there.
    pub fn replace_all(&mut self) -> Result<()> {
        let all: Vec<String> = self.names().map(str::to_string).collect();
        self.use_all(&all, Use::Read)?;
        self.there.clear();
        self.opaque_from = self.opaque_from.or(Some(self.step));
        Ok(())
    }

    /// The splits that rows have are theirs to the end, where nothing else is said.
    pub fn keep_splits(&mut self) {
        let column = self.splits.and_then(|name| self.there.iter().position(|c| c.name == name));
        if let Some(column) = column
            && let Some(origin) = self.there.remove(column).origin
        {
            self.uses.entry(origin).or_insert(Use::Read);
        }
    }

    /// All steps of the plan.
    pub fn steps(&self) -> &[Step] {
        self.steps
    }

    /// Whether a step before this one is a `format`.
    pub fn formatted(&self) -> bool {
        self.steps[..self.step].iter().any(|step| matches!(step, Step::Format(_)))
    }

    /// `prompt` and `completion` are what `format` makes: an error of a step that takes them for granted says so.
    pub fn wants_format(&self, error: Error, name: &str, or: &str) -> Error {
        let made_by_format = !self.formatted() && (name == PROMPT || name == COMPLETION);
        if !made_by_format || error.code() != "missing_column" {
            return error;
        }
        error.help(format!("put .format(PromptFormat(...)), which makes it, before this step{or}"))
    }

    fn consumed_by_format(&self, name: &str) -> Option<String> {
        self.steps[..self.step].iter().find_map(|step| match step {
            Step::Format(verb) if verb.format.columns().iter().any(|c| c.name == name) => Some(format!(
                "format renders `{name}` into prompt or completion and does not keep it: put this step before \
                 format, or keep a copy with with_columns(pl.col(\"{name}\").alias(\"{name}_raw\"))"
            )),
            _ => None,
        })
    }
}

/// The error for a column that a step makes and that is there already.
#[cold]
pub fn exists(verb: &str, name: &str) -> Error {
    let message = format!("{verb}: there is a column `{name}` already, which it would replace");
    Error::new(Class::Column, "duplicate_column", message).column(name).help(format!(
        "rename it first, as in .rename({{\"{name}\": \"old_{name}\"}}), or leave it out with select"
    ))
}
