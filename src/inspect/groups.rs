//! Rows by the value of a column, by their split or by their file.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::UInt8Type;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::classes::Classes;
use super::distinct::Distinct;
use super::lengths::Lengths;
use super::scripts::{Letters, Scripts};
use super::tokens::{RowTokens, Tokens};
use crate::arrow_result::ArrowResult;
use crate::error::{Class, Error, Result};
use crate::record::{Batch, schema};

/// The most groups of a column. A column of classes or sources has fewer, a column of texts more.
const MOST: usize = 1_000;

/// What the groups of rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum By {
    /// The values of this column.
    Column(String),
    /// The splits of these names.
    Splits(Vec<String>),
    /// The files.
    Files,
}

/// What is known of a row for its groups.
#[derive(Default)]
pub(super) struct Measured {
    /// None where rows are not tokenized.
    pub(super) tokens: Option<RowTokens>,
    pub(super) letters: Letters,
    /// Characters; none without a prompt or an answer.
    pub(super) prompt: Option<u64>,
    pub(super) answer: Option<u64>,
    /// Hashes of the sequences of words in the last answer.
    pub(super) sequences: Vec<u64>,
    /// Whether the last answer may be a class.
    pub(super) may_be_class: bool,
}

impl Measured {
    /// Makes it that of a row of these tokens, before its texts are measured.
    pub(super) fn start(&mut self, tokens: Option<RowTokens>) {
        self.sequences.clear();
        let sequences = std::mem::take(&mut self.sequences);
        *self = Measured { tokens, sequences, ..Measured::default() };
    }
}

/// The rows of a group. Merging is commutative.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Group {
    pub(super) rows: u64,
    /// Exact copies of an earlier row, of any group.
    pub(super) duplicates: u64,
    pub(super) prompt: Lengths,
    pub(super) answer: Lengths,
    pub(super) tokens: Tokens,
    pub(super) scripts: Scripts,
    pub(super) sequences: Distinct,
    pub(super) classes: Classes,
}

impl Group {
    /// Adds a row, with its last answer.
    pub(super) fn add(&mut self, row: &Measured, answer: Option<&str>) {
        self.rows += 1;
        row.prompt.into_iter().for_each(|chars| self.prompt.add_rounded(chars));
        row.answer.into_iter().for_each(|chars| self.answer.add_rounded(chars));
        row.tokens.into_iter().for_each(|tokens| self.tokens.add_rounded(tokens));
        self.scripts.add(row.letters);
        row.sequences.iter().for_each(|hash| self.sequences.add(*hash));
        match answer {
            Some(class) if row.may_be_class => self.classes.add(class),
            Some(_) => self.classes = Classes::Many,
            None => {}
        }
    }

    fn merge(&mut self, other: Group) {
        self.rows += other.rows;
        self.duplicates += other.duplicates;
        self.prompt.merge(other.prompt);
        self.answer.merge(other.answer);
        self.tokens.merge(other.tokens);
        self.scripts.merge(other.scripts);
        self.sequences.merge(&other.sequences);
        self.classes.merge(other.classes);
    }
}

/// The groups of all rows.
#[derive(Debug)]
pub(crate) struct Groups {
    pub(crate) by: By,
    /// By value; none for rows without one. Files and splits have their number. Empty where there are too many.
    pub(super) groups: BTreeMap<Option<Arc<str>>, Group>,
    pub(super) too_many: bool,
}

impl Groups {
    pub(super) fn new(by: By) -> Self {
        Groups { by, groups: BTreeMap::new(), too_many: false }
    }

    /// Adds the groups of a batch. Classes of groups are counted only while all answers together can be classes.
    ///
    /// # Errors
    /// `bad_option`: the column has too many values.
    pub(super) fn merge(&mut self, batch: BatchGroups, has_classes: bool) -> Result<()> {
        for (value, mut group) in batch.values.into_iter().zip(batch.groups) {
            if !has_classes {
                group.classes = Classes::Many;
            }
            if !self.too_many && group.rows > 0 {
                self.groups.entry(value).or_default().merge(group);
            }
        }
        if !has_classes {
            self.groups.values_mut().for_each(|group| group.classes = Classes::Many);
        }
        if self.groups.len() > MOST {
            if let By::Column(column) = &self.by {
                return Err(too_many_values(column));
            }
            self.groups.clear();
            self.too_many = true;
        }
        Ok(())
    }
}

fn too_many_values(column: &str) -> Error {
    let message = format!("inspect: the column `{column}` of by has more than {MOST} values");
    Error::new(Class::Plan, "bad_option", message)
        .column(column)
        .help("choose a column with few values, such as classes or sources")
}

/// The groups of the rows of a batch.
pub(super) struct BatchGroups {
    values: Vec<Option<Arc<str>>>,
    pub(super) groups: Vec<Group>,
    /// The group of each row.
    of_row: Vec<u32>,
}

impl BatchGroups {
    /// The groups of a batch, without rows.
    ///
    /// # Errors
    /// `bad_option`: the column has too many values. `Internal`: the batch lacks the column.
    pub(super) fn new(by: &By, batch: &Batch) -> Result<Self> {
        let mut groups = BatchGroups { values: Vec::new(), groups: Vec::new(), of_row: Vec::new() };
        match by {
            By::Files => groups.number((0..batch.rows()).map(|i| u64::from(batch.places.at(i).file))),
            By::Splits(_) => {
                let splits = batch.column(schema::SPLIT)?.as_primitive::<UInt8Type>();
                groups.number(splits.values().iter().map(|split| u64::from(*split)));
            }
            By::Column(column) => groups.name(column, batch.column(column)?)?,
        }
        Ok(groups)
    }

    fn number(&mut self, numbers: impl Iterator<Item = u64>) {
        let mut known: Vec<u64> = Vec::new();
        for number in numbers {
            let at = known.iter().rposition(|known| *known == number).unwrap_or_else(|| {
                known.push(number);
                // So that the order of the texts is that of the numbers.
                self.values.push(Some(format!("{number:08}").into()));
                known.len() - 1
            });
            self.of_row.push(at as u32);
        }
        self.groups.resize(known.len(), Group::default());
    }

    fn name(&mut self, name: &str, column: &ArrayRef) -> Result<()> {
        let shown = ArrayFormatter::try_new(column.as_ref(), &FormatOptions::default()).or_defect()?;
        let nulls = column.logical_nulls();
        let mut known: BTreeMap<Option<String>, u32> = BTreeMap::new();
        for i in 0..column.len() {
            let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(i));
            let value = (!is_null).then(|| shown.value(i).to_string());
            let next = known.len() as u32;
            let at = *known.entry(value).or_insert_with_key(|value| {
                self.values.push(value.as_deref().map(Arc::from));
                next
            });
            self.of_row.push(at);
        }
        if known.len() > MOST {
            return Err(too_many_values(name));
        }
        self.groups.resize(known.len(), Group::default());
        Ok(())
    }

    /// The group of a row.
    pub(super) fn of(&mut self, row: usize) -> Option<&mut Group> {
        self.groups.get_mut(*self.of_row.get(row)? as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringArray;

    fn groups(values: &[Option<&str>]) -> BatchGroups {
        let column: ArrayRef = Arc::new(StringArray::from(values.to_vec()));
        let mut groups = BatchGroups { values: Vec::new(), groups: Vec::new(), of_row: Vec::new() };
        groups.name("c", &column).unwrap();
        for row in 0..values.len() {
            groups.of(row).unwrap().add(&Measured { answer: Some(row as u64), ..Measured::default() }, None);
        }
        groups
    }

    #[test]
    fn groups_merge_in_any_order_and_there_are_not_too_many() {
        let parts = [&[Some("a"), None, Some("a")][..], &[Some("b"), Some("a")], &[]];
        let merged = |order: [usize; 3]| {
            let mut all = Groups::new(By::Column("c".into()));
            order.into_iter().for_each(|i| all.merge(groups(parts[i]), true).unwrap());
            all.groups
        };
        let all = merged([0, 1, 2]);
        let rows: Vec<_> = all.iter().map(|(value, group)| (value.as_deref(), group.rows)).collect();
        assert_eq!(rows, [(None, 1), (Some("a"), 3), (Some("b"), 1)]);
        assert_eq!(all, merged([2, 1, 0]));
        let names: Vec<String> = (0..=MOST).map(|n| n.to_string()).collect();
        let names: Vec<Option<&str>> = names.iter().map(|value| Some(value.as_str())).collect();
        let (first, last) = names.split_at(MOST);
        let mut all = Groups::new(By::Column("c".into()));
        all.merge(groups(first), true).unwrap();
        assert_eq!(all.merge(groups(last), true).unwrap_err().code(), "bad_option");
        let mut files = Groups::new(By::Files);
        files.merge(groups(first), true).unwrap();
        assert!(!files.too_many);
        files.merge(groups(last), true).unwrap();
        assert!(files.too_many && files.groups.is_empty());
        let column: ArrayRef = Arc::new(StringArray::from(names));
        let mut one = BatchGroups { values: Vec::new(), groups: Vec::new(), of_row: Vec::new() };
        assert_eq!(one.name("c", &column).unwrap_err().code(), "bad_option");
    }
}
