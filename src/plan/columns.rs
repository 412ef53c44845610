//! The columns at each step of a chain and how steps use them, decided by name before types are known.

use std::collections::BTreeMap;

use crate::error::{Class, Error, Result, missing_column};
use crate::format::PromptFormat;
use crate::record::Answers;
use crate::record::schema::{COMPLETION, PROMPT};

/// How the plan uses a column of the source. If several steps use it, the greatest use counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    /// It passes through unread, or is only tested for null.
    Passes,
    /// Its value is read; it may have any type.
    Read,
    /// It must be text or null. Holds the verb that needs it.
    Text(&'static str),
    /// It must be text in every row. Holds the verb that needs it.
    TextInEveryRow(&'static str),
}

/// Where a chain renders conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conversations {
    /// In no step.
    Nowhere,
    /// In a step before the current one.
    Before {
        /// Whether they have weights.
        weighted: bool,
    },
    /// In the current step, or a later one.
    Later,
}

/// A column at some point of the chain.
#[derive(Debug, Clone)]
struct Column {
    name: String,
    /// The column of the source with the same values; none for a column that a step adds.
    origin: Option<String>,
}

/// The columns at the current step, and what steps have used of the source so far.
pub struct Columns<'p> {
    current: Vec<Column>,
    uses: BTreeMap<String, Use>,
    /// The first step that calls a function over all columns. After it, names are unknown until the function is
    /// called.
    opaque_from: Option<usize>,
    /// The index and the name of the current step.
    step: (usize, &'static str),
    /// The prompt format of the chain, before or after the current step.
    format: Option<&'p PromptFormat>,
    /// Whether a step before the current one is a `format`.
    formatted: bool,
    /// The columns of the dialect, if a step before the current one says what rows mean.
    dialect: Option<Vec<String>>,
    /// Where the chain renders conversations.
    conversations: Conversations,
    /// Which answers the rows have after the current step.
    answers: Answers,
    /// The column with the split of each row, if the source is a prepared folder.
    splits: Option<&'p str>,
}

impl<'p> Columns<'p> {
    /// The columns of a source, before the first step.
    pub(crate) fn new(names: &[String], splits: Option<&'p str>) -> Self {
        let current = names.iter().map(|name| Column { name: name.clone(), origin: Some(name.clone()) });
        Columns {
            current: current.collect(),
            uses: BTreeMap::new(),
            opaque_from: None,
            step: (0, ""),
            format: None,
            formatted: false,
            dialect: None,
            conversations: Conversations::Nowhere,
            answers: Answers::One,
            splits,
        }
    }

    /// Moves to the next step. `format` is the prompt format of the chain, `formatted` whether it is before this
    /// step, and `dialect` are the columns of the dialect, if a step before this one says what rows mean.
    pub(crate) fn begin_step(
        &mut self,
        index: usize,
        name: &'static str,
        format: Option<&'p PromptFormat>,
        formatted: bool,
        dialect: Option<Vec<String>>,
        conversations: Conversations,
    ) {
        (self.step, self.format, self.formatted) = ((index, name), format, formatted);
        (self.dialect, self.conversations) = (dialect, conversations);
    }

    /// Says which answers the rows have after the current step.
    pub(crate) fn set_answers(&mut self, answers: Answers) {
        self.answers = answers;
    }

    /// Moves past a concat: to the columns `names` of all sources, and the column that names the source of a row.
    /// Columns of other sources have no origin.
    pub(crate) fn concat(&mut self, names: &[String], source_column: &str) {
        let old = std::mem::take(&mut self.current);
        let find = |name: &String| old.iter().find(|c| c.name == *name).cloned();
        let added = |name: &str| Column { name: name.into(), origin: None };
        self.current = names.iter().map(|name| find(name).unwrap_or_else(|| added(name))).collect();
        self.current.push(added(source_column));
        self.opaque_from = None;
    }

    /// The first step after which the names of columns are unknown.
    pub(crate) fn opaque_from(&self) -> Option<usize> {
        self.opaque_from
    }

    /// How each column of the source is used. The current columns pass through.
    pub(crate) fn into_uses(mut self) -> BTreeMap<String, Use> {
        self.keep_splits();
        for column in self.current {
            if let Some(origin) = column.origin {
                self.uses.entry(origin).or_insert(Use::Passes);
            }
        }
        self.uses
    }

    /// How the steps so far use each column of the source.
    pub(crate) fn used(self) -> BTreeMap<String, Use> {
        self.uses
    }

    /// Records that the current step uses a column.
    ///
    /// # Errors
    /// `missing_column`.
    pub(crate) fn use_column(&mut self, name: &str, used: Use) -> Result<()> {
        match self.current.iter().find(|c| c.name == name) {
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
            Some(help) => error.help(help),
            None => error,
        }
    }

    /// Requires that a column exists, without using it.
    ///
    /// # Errors
    /// `missing_column`.
    pub(crate) fn require(&self, name: &str) -> Result<()> {
        match self.opaque_from.is_some() || self.names().any(|known| known == name) {
            true => Ok(()),
            false => Err(self.missing(name)),
        }
    }

    /// Records that the current step uses all these columns.
    ///
    /// # Errors
    /// `missing_column`.
    pub(crate) fn use_all(&mut self, names: &[String], used: Use) -> Result<()> {
        names.iter().try_for_each(|name| self.use_column(name, used))
    }

    /// The names of the current columns.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.current.iter().map(|c| c.name.as_str())
    }

    /// The columns that `dedup` compares by default: all but the split.
    pub(crate) fn compared(&self) -> Vec<String> {
        self.names().filter(|name| self.splits != Some(name)).map(str::to_string).collect()
    }

    /// Keeps the columns for which `keep` is true.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.current.retain(|c| keep(&c.name));
    }

    /// Keeps these columns, in this order.
    pub(crate) fn arrange(&mut self, names: &[String]) {
        let old = std::mem::take(&mut self.current);
        let find = |name: &String| old.iter().find(|c| c.name == *name).cloned();
        self.current = names.iter().filter_map(find).collect();
    }

    /// Renames every column.
    pub(crate) fn rename(&mut self, new: impl Fn(&str) -> String) {
        for column in &mut self.current {
            column.name = new(&column.name);
        }
    }

    /// Adds a column that the step makes: in the position of a column of the same name, or as the last. The old
    /// column is still read, to keep its position.
    pub(crate) fn add(&mut self, name: &str) {
        match self.current.iter_mut().find(|c| c.name == name) {
            Some(column) => {
                if let Some(origin) = column.origin.take() {
                    self.uses.entry(origin).or_insert(Use::Passes);
                }
            }
            None => self.current.push(Column { name: name.into(), origin: None }),
        }
    }

    /// Reads the split of each row, where the source has splits. Their column stays.
    ///
    /// # Errors
    /// None: the column exists.
    pub(crate) fn read_splits(&mut self) -> Result<()> {
        match self.splits.filter(|splits| self.names().any(|name| name == *splits)) {
            Some(splits) => self.use_column(splits, Use::Read),
            None => Ok(()),
        }
    }

    /// Adds columns that the step makes, before all others.
    pub(crate) fn add_first(&mut self, names: &[&str]) {
        let added = names.iter().map(|name| Column { name: (*name).into(), origin: None });
        self.current.splice(0..0, added);
    }

    /// Reads every column, and replaces them by columns whose names are not known yet.
    ///
    /// # Errors
    /// None: all columns exist.
    pub(crate) fn replace_all(&mut self) -> Result<()> {
        let all: Vec<String> = self.names().map(str::to_string).collect();
        self.use_all(&all, Use::Read)?;
        self.current.clear();
        self.opaque_from = self.opaque_from.or(Some(self.step.0));
        Ok(())
    }

    /// Keeps the splits of the rows, if no step replaces them: reads their column, and removes it from the columns.
    pub(crate) fn keep_splits(&mut self) {
        let column = self.splits.and_then(|name| self.current.iter().position(|c| c.name == name));
        if let Some(column) = column
            && let Some(origin) = self.current.remove(column).origin
        {
            self.uses.entry(origin).or_insert(Use::Read);
        }
    }

    /// The prompt format of the chain, before or after the current step.
    pub(crate) fn format(&self) -> Option<&'p PromptFormat> {
        self.format
    }

    /// Whether a step before the current one is a `format`.
    pub(crate) fn formatted(&self) -> bool {
        self.formatted
    }

    /// Whether a step before the current one says what rows mean.
    pub(crate) fn has_dialect(&self) -> bool {
        self.dialect.is_some()
    }

    /// The columns of that dialect.
    pub(crate) fn dialect(&self) -> &[String] {
        self.dialect.as_deref().unwrap_or_default()
    }

    /// Which answers the rows have after the current step.
    pub(crate) fn answers(&self) -> Answers {
        self.answers
    }

    /// Where the chain renders conversations.
    pub(crate) fn conversations(&self) -> Conversations {
        self.conversations
    }

    /// Adds a help to an error about a missing `prompt` or `completion`: `format` makes them. `or` is added to the
    /// help.
    pub(crate) fn suggest_format(&self, error: Error, name: &str, or: &str) -> Error {
        let made_by_format = !self.formatted() && (name == PROMPT || name == COMPLETION);
        if !made_by_format || error.code() != "missing_column" {
            return error;
        }
        error.help(format!("add .format(PromptFormat(...)), which makes `{name}`, before this step{or}"))
    }

    fn consumed_by_format(&self, name: &str) -> Option<String> {
        let format = self.format.filter(|_| self.formatted)?;
        format.columns().iter().any(|c| c.name == name).then(|| {
            format!(
                "format renders `{name}` into prompt or completion and removes it: put this step before \
                 format, or keep a copy with with_columns(pl.col(\"{name}\").alias(\"{name}_raw\"))"
            )
        })
    }
}

/// The error for a step that would replace an existing column.
#[cold]
pub(crate) fn column_exists(verb: &str, name: &str) -> Error {
    let message = format!("{verb}: the column `{name}` already exists, and would be replaced");
    Error::new(Class::Column, "duplicate_column", message).column(name).help(format!(
        "rename it first, as in .rename({{\"{name}\": \"old_{name}\"}}), or remove it with .drop(\"{name}\")"
    ))
}
