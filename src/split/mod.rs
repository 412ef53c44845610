//! Splits: a row's side is decided by its own prompt alone, so equal prompts stay together and a row keeps
//! its side when data are added.

mod key;
mod restore;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, UInt8Array};
use arrow::datatypes::{DataType, Field};
use arrow::util::display::{ArrayFormatter, FormatOptions};

pub use key::SplitKeyStage;
pub use restore::RestoreStage;

use crate::error::{Class, Error, Result};
use crate::hash;
use crate::record::{Batch, keys_of, schema};
use crate::report::StepCounts;
use crate::stage::Map;

/// `report_by=` counts at most this many values of its column: it is meant for classes, not for texts.
pub const MAX_GROUPS: usize = 1_000;

/// The splits beside `train`, and the seed.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitOptions {
    /// Name and share of each, in order; `train` gets the rest.
    pub shares: Vec<(String, f64)>,
    /// Decides every row's side.
    pub seed: u64,
    /// Whose shares are reported by split.
    pub report_by: Option<String>,
}

impl SplitOptions {
    /// The names in order of the split's number: `train` is 0.
    pub fn names(&self) -> Vec<String> {
        std::iter::once("train".to_string()).chain(self.shares.iter().map(|(name, _)| name.clone())).collect()
    }

    /// Fails for shares that cannot be.
    pub fn check(&self) -> Result<()> {
        let wrong = |message: String| Err(Error::new(Class::Plan, "bad_option", message));
        if self.shares.is_empty() {
            return wrong("split: give a share, as in split(valid=0.02)".into());
        }
        for (name, share) in &self.shares {
            if !(*share > 0.0 && *share < 1.0) {
                return wrong(format!("split: {name}={share} is not a share between 0 and 1"));
            }
            let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !plain {
                return wrong(format!(
                    "split: `{name}` cannot name a split: a name is made of letters a to z, digits and _"
                ));
            }
            if name == "train" {
                return wrong("split: `train` cannot name a split: it gets the rest by itself".into());
            }
        }
        let sum: f64 = self.shares.iter().map(|(_, share)| share).sum();
        if sum >= 1.0 {
            return wrong(format!("split: the shares add up to {sum}; train would get nothing"));
        }
        Ok(())
    }
}

/// Writes each row's split.
pub struct SplitStage {
    options: SplitOptions,
    /// The values of the reported column so far, in all batches.
    values: Mutex<HashSet<String>>,
}

impl Map for SplitStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let keys = keys_of(&batch.records, schema::PROMPT_KEY)?;
        let sides: UInt8Array = keys.into_iter().map(|key| Some(self.side(key))).collect();
        if let Some(column) = &self.options.report_by {
            self.count_groups(&batch, column, &sides, counts)?;
        }
        let batch = batch.without_columns(&[schema::PROMPT_KEY])?;
        batch.with_column(Field::new(schema::SPLIT, DataType::UInt8, false), Arc::new(sides))
    }
}

impl SplitStage {
    /// The stage of checked options, for one run.
    pub fn new(options: SplitOptions) -> Self {
        SplitStage { options, values: Mutex::default() }
    }

    fn side(&self, key: u128) -> u8 {
        let unit = hash::unit(key, self.options.seed);
        let mut upper = 0.0;
        for (i, (_, share)) in self.options.shares.iter().enumerate() {
            upper += share;
            if unit < upper {
                return i as u8 + 1;
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
        let shown = ArrayFormatter::try_new(values.as_ref(), &options)?;
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
                format!("split: report_by=\"{column}\" has more than {MAX_GROUPS} values"),
            )
            .help("report_by is meant for classes and sources: give a column with few values"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(shares: &[(&str, f64)], seed: u64) -> SplitStage {
        let shares = shares.iter().map(|(n, s)| (n.to_string(), *s)).collect();
        SplitStage::new(SplitOptions { shares, seed, report_by: None })
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
    fn refuses_shares_that_cannot_be() {
        for (shares, says) in [
            (&[("valid", 1.5)][..], "not a share"),
            (&[("valid", f64::NAN)], "not a share"),
            (&[("train", 0.5)], "gets the rest"),
            (&[("a/b", 0.5)], "cannot name"),
            (&[("a", 0.5), ("b", 0.5)], "train would get nothing"),
            (&[], "give a share"),
        ] {
            let e = stage(shares, 0).options.check().unwrap_err();
            assert!(e.to_string().contains(says), "{e}");
        }
    }
}
