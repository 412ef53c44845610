//! `split`: assigns each row to a split by its own prompt alone, so that equal prompts are in the same split, and a
//! row stays in its split when data are added.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, UInt8Array};
use arrow::datatypes::{DataType, Field};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::names;
use super::restore::numbers;

use crate::arrow_result::ArrowResult;
use crate::error::{Class, Error, Result};
use crate::flow::Map;
use crate::hash;
use crate::record::schema::TRAIN;
use crate::record::{Batch, keys_of, schema};
use crate::report::StepCounts;
use crate::word::Word;

/// The limit of new splits. The number of a split is a byte; half of the numbers are for splits of a prepared folder.
const MAX_SPLITS: usize = 127;
/// The limit of different values in the column of `report_by=`, which is meant for classes, not for texts.
pub(crate) const MAX_GROUPS: usize = 1_000;

/// What happens to the splits of rows from a prepared folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Rows of `train` are assigned again; other rows stay in their splits.
    Keep,
    /// All rows are assigned again.
    Replace,
}

impl Word for Existing {
    const ALL: &'static [Self] = &[Existing::Keep, Existing::Replace];

    fn name(self) -> &'static str {
        match self {
            Existing::Keep => "keep",
            Existing::Replace => "replace",
        }
    }
}

/// The options of `split`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SplitOptions {
    /// The name and the share of each split but `train`, in order; `train` gets the rest.
    pub(crate) shares: Vec<(String, f64)>,
    /// Decides the split of each row, together with its key.
    pub(crate) seed: u64,
    /// The column whose values are counted in the report, by split.
    pub(crate) report_by: Option<String>,
    /// What happens to the splits that rows already have.
    pub(crate) existing: Option<Existing>,
}

impl SplitOptions {
    /// The names in order of the numbers of the splits: `train` is 0, then those that are kept, then the new ones.
    pub(crate) fn names(&self, kept: &[String]) -> Vec<String> {
        let mut names = vec![TRAIN.to_string()];
        for name in kept.iter().chain(self.shares.iter().map(|(name, _)| name)) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// Checks names and shares.
    ///
    /// # Errors
    /// `bad_option`.
    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |message: String| Err(Error::new(Class::Plan, "bad_option", message));
        if self.shares.is_empty() {
            return wrong("split: there must be a share, as in split(valid=0.02)".into());
        }
        for (name, share) in &self.shares {
            if !(*share > 0.0 && *share < 1.0) {
                return wrong(format!("split: `{name}` must be a share between 0 and 1; got {share}"));
            }
            let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !plain {
                return wrong(format!(
                    "split: the name of a split must have only letters a to z, digits and _; got `{name}`"
                ));
            }
            if let Some(advice) = names::advice(name, *share) {
                return Err(Error::new(
                    Class::Plan,
                    "bad_option",
                    format!(
                        "split: `{name}` is an option of other libraries, but would be the name of a split here"
                    ),
                )
                .help(advice));
            }
            if name == TRAIN {
                return wrong("split: `train` must not have a share; it gets the rest".into());
            }
        }
        if self.shares.len() > MAX_SPLITS {
            return wrong(format!(
                "split: there must be {MAX_SPLITS} splits or fewer; got {}",
                self.shares.len()
            ));
        }
        let sum: f64 = self.shares.iter().map(|(_, share)| share).sum();
        if sum >= 1.0 {
            return wrong(format!(
                "split: the sum of the shares must be less than 1, as train gets the rest; got {sum}"
            ));
        }
        Ok(())
    }
}

/// Adds the split of each row.
pub(crate) struct SplitStage {
    options: SplitOptions,
    /// The number of each share's split.
    drawn: Vec<u8>,
    /// The column with the splits that rows already have, which is removed, and the names of all splits.
    existing: Option<(String, Vec<String>)>,
    /// The values of the column `report_by` in all batches so far.
    values: Mutex<HashSet<String>>,
}

impl Map for SplitStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let keys = keys_of(&batch.records, schema::PROMPT_KEY)?;
        let mut sides: UInt8Array = keys.into_iter().map(|key| Some(self.side(key))).collect();
        let mut batch = batch;
        if let Some((column, names)) = &self.existing
            && self.options.existing == Some(Existing::Keep)
        {
            let kept = numbers(&batch, column, names)?;
            let stays = |(kept, drawn): (Option<u8>, Option<u8>)| kept.filter(|n| *n != 0).or(drawn);
            sides = kept.iter().zip(&sides).map(stays).collect();
        }
        if let Some(column) = &self.options.report_by {
            self.count_groups(&batch, column, &sides, counts)?;
        }
        if let Some((column, _)) = &self.existing {
            batch = batch.without_columns(&[column])?;
        }
        let batch = batch.without_columns(&[schema::PROMPT_KEY])?;
        batch.with_column(Field::new(schema::SPLIT, DataType::UInt8, false), Arc::new(sides))
    }
}

impl SplitStage {
    /// A stage for one run, with options that were checked. `existing` is the column of the splits that rows already
    /// have, and the names of these splits.
    pub(crate) fn new(options: SplitOptions, existing: Option<(&str, &[String])>) -> Self {
        let kept =
            existing.filter(|_| options.existing == Some(Existing::Keep)).map_or(&[][..], |(_, names)| names);
        let names = options.names(kept);
        let number = |share: &(String, f64)| names.iter().position(|n| *n == share.0).unwrap_or(0) as u8;
        let drawn = options.shares.iter().map(number).collect();
        let existing = existing.map(|(column, _)| (column.to_string(), names));
        SplitStage { options, drawn, existing, values: Mutex::default() }
    }

    fn side(&self, key: u128) -> u8 {
        let unit = hash::unit(key, self.options.seed);
        let mut upper = 0.0;
        for (number, (_, share)) in self.drawn.iter().zip(&self.options.shares) {
            upper += share;
            if unit < upper {
                return *number;
            }
        }
        0
    }

    fn count_groups(
        &self,
        batch: &Batch,
        column: &str,
        sides: &UInt8Array,
        counts: &mut StepCounts,
    ) -> Result<()> {
        let values = batch.column(column)?;
        let options = FormatOptions::default().with_null("(null)");
        let shown = ArrayFormatter::try_new(values.as_ref(), &options).or_defect()?;
        for i in 0..values.len() {
            *counts.groups.entry((shown.value(i).to_string(), sides.value(i))).or_default() += 1;
        }
        let mut seen = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        for (value, _) in counts.groups.keys() {
            if !seen.contains(value) {
                seen.insert(value.clone());
            }
        }
        if seen.len() > MAX_GROUPS {
            return Err(Error::new(
                Class::Plan,
                "bad_option",
                format!("split: the column `{column}` of report_by= has more than {MAX_GROUPS} values"),
            )
            .help("choose a column with few values, such as classes or sources"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(shares: &[(&str, f64)], seed: u64) -> SplitStage {
        let shares = shares.iter().map(|(n, s)| (n.to_string(), *s)).collect();
        SplitStage::new(SplitOptions { shares, seed, report_by: None, existing: None }, None)
    }

    #[test]
    fn reaches_the_shares_and_widening_one_moves_no_row_out_of_it() {
        let (narrow, wide) = (stage(&[("valid", 0.1), ("test", 0.2)], 7), stage(&[("valid", 0.3)], 7));
        let mut sides = [0u32; 3];
        for i in 0..20_000u32 {
            let key = hash::key([hash::field(Some(&i.to_le_bytes()))]);
            let side = narrow.side(key);
            sides[side as usize] += 1;
            assert!(side != 1 || wide.side(key) == 1);
        }
        assert!((1_900..2_100).contains(&sides[1]) && (3_850..4_150).contains(&sides[2]), "{sides:?}");
    }

    #[test]
    fn rejects_invalid_shares() {
        for (shares, says) in [
            (&[("valid", 1.5)][..], "must be a share"),
            (&[("valid", f64::NAN)], "must be a share"),
            (&[("train", 0.5)], "gets the rest"),
            (&[("a/b", 0.5)], "only letters"),
            (&[("test_size", 0.1)], "write split(test=0.1)"),
            (&[("train_size", 0.9)], "name the others"),
            (&[("random_state", 0.5)], "seed="),
            (&[("a", 0.5), ("b", 0.5)], "less than 1"),
            (&[], "must be a share"),
        ] {
            let e = stage(shares, 0).options.check().unwrap_err();
            assert!(e.to_string().contains(says), "{e}");
        }
    }
}
