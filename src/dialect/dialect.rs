//! The trait that a dialect implements. Dialects are listed in [`DIALECTS`](super::dialects::DIALECTS).

use super::cell::Row;
use super::dialogue::Dialogue;
use super::head::Head;
use super::misfit::Misfit;
use super::part_columns::{PartColumns, column_of};
use crate::record::Answers;

/// What the column of a part may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Text alone.
    Text,
    /// Any value.
    Any,
}

/// A part of a row: what a dialect reads from one column.
#[derive(Debug, Clone, Copy)]
pub struct PartSpec {
    /// The name of the part.
    pub name: &'static str,
    /// Whether every data set of the dialect has a column for it.
    pub required: bool,
    /// What the column may hold.
    pub holds: Holds,
    /// The names that its column may have, in lower case, the usual ones first.
    pub columns: &'static [&'static str],
}

impl PartSpec {
    /// A part that every data set of the dialect has.
    pub(super) const fn required(name: &'static str, holds: Holds, columns: &'static [&'static str]) -> Self {
        PartSpec { name, required: true, holds, columns }
    }

    /// A part that a data set of the dialect may have.
    pub(super) const fn optional(name: &'static str, holds: Holds, columns: &'static [&'static str]) -> Self {
        PartSpec { name, required: false, holds, columns }
    }

    /// The columns among `names` that have one of its names, the usual name first.
    pub(super) fn find<'n>(&self, names: &'n [String]) -> Vec<&'n String> {
        let named = |known: &&str| names.iter().find(|name| name.eq_ignore_ascii_case(known));
        self.columns.iter().filter_map(named).collect()
    }
}

/// What the columns of a sample say about a dialect whose rows fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing speaks against it.
    Fits,
    /// It is another dialect.
    No,
    /// Another dialect is as likely, for this reason, so that none may be named.
    Doubt(String),
}

/// A dialect: what the rows of a data set mean.
pub trait Dialect: Sync {
    /// Its name in plans.
    fn name(&self) -> &'static str;

    /// What a row is, in a few words.
    fn title(&self) -> &'static str;

    /// Its parts.
    fn parts(&self) -> &'static [PartSpec];

    /// The columns that it could read among these, the best choice first; none if columns are missing.
    fn candidates(&self, names: &[String]) -> Vec<PartColumns> {
        combinations(self.parts(), names)
    }

    /// Reads a row.
    ///
    /// # Errors
    /// The row is not one of this dialect.
    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Dialogue<'r>, Misfit>;

    /// Whether `read` is known to read a row, so that it need not. Most rows are simple: a look at them takes less time.
    fn surely_reads(&self, _: &Row<'_>) -> bool {
        false
    }

    /// Whether these columns may be of this dialect at all, judged by what all columns of the sample hold.
    fn judge(&self, head: &Head, columns: &PartColumns) -> Verdict {
        let _ = (head, columns);
        Verdict::Fits
    }

    /// For a dialect that is recognised but not supported: why not, and what to do.
    fn refusal(&self) -> Option<&'static str> {
        None
    }

    /// Which answers its rows have.
    fn answers(&self) -> Answers {
        Answers::One
    }

    /// The part whose messages may have the form of OpenAI's API already.
    fn openai_messages(&self) -> Option<&'static str> {
        None
    }

    /// What stands between the texts of a turn where they are one text.
    fn between_texts(&self) -> &'static str {
        ""
    }

    /// The templates of prompt and completion that work for it as it is; none for dialogues.
    fn templates(&self, columns: &PartColumns) -> Option<(String, String)> {
        let _ = columns;
        None
    }
}

/// Every choice of columns for these parts. Empty if there is no column for a part that is required.
pub(super) fn combinations(parts: &[PartSpec], names: &[String]) -> Vec<PartColumns> {
    const MOST: usize = 16;
    let mut chosen: Vec<PartColumns> = vec![Vec::new()];
    for part in parts {
        let found = part.find(names);
        match (part.required, found.first()) {
            (true, None) => return Vec::new(),
            (true, Some(_)) => {
                let with = |column: &&String| {
                    let column = (*column).clone();
                    chosen.iter().map(move |so_far| {
                        let mut columns = so_far.clone();
                        columns.push((part.name, column.clone()));
                        columns
                    })
                };
                let all: Vec<PartColumns> =
                    found.iter().flat_map(|column| with(column).collect::<Vec<_>>()).collect();
                chosen = all;
                chosen.truncate(MOST);
            }
            (false, Some(column)) => {
                chosen.iter_mut().for_each(|columns| columns.push((part.name, (*column).clone())));
            }
            (false, None) => {}
        }
    }
    // A column that two parts could have belongs to the first.
    for columns in &mut chosen {
        let mut seen: Vec<String> = Vec::new();
        columns.retain(|(_, column)| {
            let first = !seen.contains(column);
            seen.push(column.clone());
            first
        });
    }
    chosen.retain(|columns| {
        parts.iter().filter(|part| part.required).all(|part| column_of(columns, part.name).is_some())
    });
    chosen
}

/// The columns of a dialect among `names`, where the user has named some: the column of each part, or none.
///
/// # Errors
/// The first part that is required and has no column.
pub fn complete(
    dialect: &dyn Dialect,
    given: &[(&'static str, Option<String>)],
    names: &[String],
) -> Result<PartColumns, &'static PartSpec> {
    let known = dialect.candidates(names).into_iter().next();
    let mut columns = PartColumns::new();
    for part in dialect.parts() {
        let given = given.iter().find(|(name, _)| *name == part.name).map(|(_, column)| column.clone());
        let found = || match &known {
            Some(known) => column_of(known, part.name).map(String::from),
            None => part.find(names).first().map(|column| (*column).clone()),
        };
        match given.unwrap_or_else(found) {
            Some(column) => columns.push((part.name, column)),
            None if part.required => return Err(part),
            None => {}
        }
    }
    Ok(columns)
}
