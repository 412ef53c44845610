//! The columns that a step finds, and how it uses each: found by name alone.

use std::collections::BTreeMap;

use crate::error::{Class, Error, Result, missing_column};
use crate::format::PromptFormat;
use crate::record::schema::{COMPLETION, PROMPT};

/// How the plan uses a column of the source; the stronger use wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
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
    /// The number and the name of the step it is at.
    step: (usize, &'static str),
    /// The prompt format of the steps, wherever it stands among them.
    format: Option<&'p PromptFormat>,
    /// Whether a step before this one is a `format`.
    formatted: bool,
    /// The column of the splits that rows have.
    splits: Option<&'p str>,
}

impl<'p> Columns<'p> {
    /// The columns of a source, before the first step.
    pub(crate) fn new(names: &[String], splits: Option<&'p str>) -> Self {
        let there = names.iter().map(|name| Column { name: name.clone(), origin: Some(name.clone()) });
        Columns {
            there: there.collect(),
            uses: BTreeMap::new(),
            opaque_from: None,
            step: (0, ""),
            format: None,
            formatted: false,
            splits,
        }
    }

    /// Goes on to this step, of steps with this prompt format; `formatted` says whether it is after it.
    pub(crate) fn begin(
        &mut self,
        index: usize,
        name: &'static str,
        format: Option<&'p PromptFormat>,
        formatted: bool,
    ) {
        (self.step, self.format, self.formatted) = ((index, name), format, formatted);
    }

    /// Goes on with the steps after a concat, whose rows have the columns of these names, and one that names their source:
    /// each column of another source is made.
    pub(crate) fn join(&mut self, names: &[String], source_column: &str) {
        let old = std::mem::take(&mut self.there);
        let find = |name: &String| old.iter().find(|c| c.name == *name).cloned();
        let made = |name: &str| Column { name: name.into(), origin: None };
        self.there = names.iter().map(|name| find(name).unwrap_or_else(|| made(name))).collect();
        self.there.push(made(source_column));
        self.opaque_from = None;
    }

    /// The first step after which columns are not known by name.
    pub(crate) fn opaque_from(&self) -> Option<usize> {
        self.opaque_from
    }

    /// What was used of the source; the columns that are left pass through.
    pub(crate) fn into_uses(mut self) -> BTreeMap<String, Use> {
        self.keep_splits();
        for column in self.there {
            if let Some(origin) = column.origin {
                self.uses.entry(origin).or_insert(Use::Passes);
            }
        }
        self.uses
    }

    /// What the steps so far used of the source.
    pub(crate) fn used(self) -> BTreeMap<String, Use> {
        self.uses
    }

    /// Uses a column.
    ///
    /// # Errors
    /// `missing_column`.
    pub(crate) fn use_column(&mut self, name: &str, used: Use) -> Result<()> {
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
        let error = missing_column(name, self.step.1, &known);
        match self.consumed_by_format(name) {
            Some(way_out) => error.help(way_out),
            None => error,
        }
    }

    /// Asks for a column that is not used.
    ///
    /// # Errors
    /// `missing_column`.
    pub(crate) fn is_there(&self, name: &str) -> Result<()> {
        match self.opaque_from.is_some() || self.names().any(|there| there == name) {
            true => Ok(()),
            false => Err(self.missing(name)),
        }
    }

    /// Uses all of these columns.
    ///
    /// # Errors
    /// `missing_column`.
    pub(crate) fn use_all(&mut self, names: &[String], used: Use) -> Result<()> {
        names.iter().try_for_each(|name| self.use_column(name, used))
    }

    /// The names of the columns that are there.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.there.iter().map(|c| c.name.as_str())
    }

    /// The columns that make a row what it is: not the split that it is in.
    pub(crate) fn compared(&self) -> Vec<String> {
        self.names().filter(|name| self.splits != Some(name)).map(str::to_string).collect()
    }

    /// Keeps the columns for whose names this is true.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.there.retain(|c| keep(&c.name));
    }

    /// Keeps these columns, in this order.
    pub(crate) fn arrange(&mut self, names: &[String]) {
        let old = std::mem::take(&mut self.there);
        let find = |name: &String| old.iter().find(|c| c.name == *name).cloned();
        self.there = names.iter().filter_map(find).collect();
    }

    /// Gives every column another name.
    pub(crate) fn rename(&mut self, new: impl Fn(&str) -> String) {
        for column in &mut self.there {
            column.name = new(&column.name);
        }
    }

    /// A column that the step makes, in the place of one of its name, or as the last. The old one is read, so that its
    /// place is there.
    pub(crate) fn make(&mut self, name: &str) {
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
    pub(crate) fn make_first(&mut self, names: &[&str]) {
        let made = names.iter().map(|name| Column { name: (*name).into(), origin: None });
        self.there.splice(0..0, made);
    }

    /// The step reads every column, and makes columns whose names are not known yet.
    ///
    /// # Errors
    /// None: all columns are there.
    pub(crate) fn replace_all(&mut self) -> Result<()> {
        let all: Vec<String> = self.names().map(str::to_string).collect();
        self.use_all(&all, Use::Read)?;
        self.there.clear();
        self.opaque_from = self.opaque_from.or(Some(self.step.0));
        Ok(())
    }

    /// The splits that rows have are theirs to the end, where nothing else is said.
    pub(crate) fn keep_splits(&mut self) {
        let column = self.splits.and_then(|name| self.there.iter().position(|c| c.name == name));
        if let Some(column) = column
            && let Some(origin) = self.there.remove(column).origin
        {
            self.uses.entry(origin).or_insert(Use::Read);
        }
    }

    /// The prompt format of the steps, wherever it stands among them.
    pub(crate) fn format(&self) -> Option<&'p PromptFormat> {
        self.format
    }

    /// Whether a step before this one is a `format`.
    pub(crate) fn formatted(&self) -> bool {
        self.formatted
    }

    /// `prompt` and `completion` are what `format` makes: an error of a step that takes them for granted says so.
    pub(crate) fn wants_format(&self, error: Error, name: &str, or: &str) -> Error {
        let made_by_format = !self.formatted() && (name == PROMPT || name == COMPLETION);
        if !made_by_format || error.code() != "missing_column" {
            return error;
        }
        error.help(format!("put .format(PromptFormat(...)), which makes it, before this step{or}"))
    }

    fn consumed_by_format(&self, name: &str) -> Option<String> {
        let format = self.format.filter(|_| self.formatted)?;
        format.columns().iter().any(|c| c.name == name).then(|| {
            format!(
                "format renders `{name}` into prompt or completion and does not keep it: put this step before \
                 format, or keep a copy with with_columns(pl.col(\"{name}\").alias(\"{name}_raw\"))"
            )
        })
    }
}

/// The error for a column that a step makes and that is there already.
#[cold]
pub(crate) fn exists(verb: &str, name: &str) -> Error {
    let message = format!("{verb}: there is a column `{name}` already, which it would replace");
    Error::new(Class::Column, "duplicate_column", message).column(name).help(format!(
        "rename it first, as in .rename({{\"{name}\": \"old_{name}\"}}), or leave it out with select"
    ))
}
