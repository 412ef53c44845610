//! `split`: a split for each row.

use serde::{Deserialize, Serialize};

use super::chain_checks::only_one;
use super::format::Format;
use crate::error::{Class, Error, Result};
use crate::format::{PromptFormat, PromptKeyStage, Template};
use crate::plan::columns::{Columns, Use};
use crate::plan::json_forms::decimals;
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Named, Step, Verb, format_of};
use crate::read::splits::SPLIT;
use crate::record::schema::{COMPLETION, PROMPT};
use crate::split::{Existing, SplitKeyStage, SplitOptions, SplitStage};
use crate::word::{self, Word};

/// Gives each row a split.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// Name and share of each split beside `train`, which gets the rest.
    #[serde(with = "decimals")]
    pub shares: Vec<(String, f64)>,
    /// Decides every row's side.
    pub seed: u64,
    /// The columns that decide; none means the raw prompt columns.
    pub by: Option<Vec<String>>,
    /// A column whose shares are reported by split.
    pub report_by: Option<String>,
    /// What becomes of the splits that rows have already.
    #[serde(default, with = "word::optional")]
    pub existing: Option<Existing>,
}

impl Split {
    fn options(&self) -> SplitOptions {
        let Split { shares, seed, report_by, existing, .. } = self.clone();
        SplitOptions { shares, seed, report_by, existing }
    }
}

impl Named for Split {
    const NAME: &'static str = "split";
}

impl Verb for Split {
    fn check(&self, before: &[Step]) -> Result<()> {
        only_one(Self::NAME, before)?;
        self.options().check()
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        if let Some(by) = &self.by {
            columns.use_all(by, Use::Read)?;
        } else if !columns.formatted() {
            let (prompt, completion) = raw_columns(columns.format());
            for name in prompt.iter().chain(&completion) {
                let or_by = ", or name the columns that decide: by=";
                columns.use_column(name, Use::Read).map_err(|e| columns.wants_format(e, name, or_by))?;
            }
        }
        if let Some(column) = &self.report_by {
            columns.use_column(column, Use::Read)?;
        }
        columns.keep_splits();
        Ok(())
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let (columns, otherwise) = match &self.by {
            Some(by) => (by.clone(), Vec::new()),
            None => raw_columns(format_of(chain.steps).map(AsRef::as_ref)),
        };
        let options = self.options();
        let theirs = builder.splits.clone();
        let existing = builder.has_splits().then_some((SPLIT, theirs.as_slice()));
        let kept = match (existing, options.existing) {
            (Some(_), None) => return Err(in_splits(&theirs)),
            (Some(_), Some(Existing::Keep)) => theirs.as_slice(),
            _ => &[],
        };
        let shares: Vec<String> =
            options.shares.iter().map(|(name, share)| format!("{name}={share}")).collect();
        let by_what = columns.join(", ");
        let how =
            options.existing.map_or(String::new(), |existing| format!("; existing={}", existing.name()));
        let text = format!("{}, train the rest; by {by_what}; seed={}{how}", shares.join(", "), options.seed);
        builder.say(&text, "map");
        if self.by.is_some() {
            builder.map(Counted::No, SplitKeyStage { columns, otherwise })?;
        } else if builder.description.format.is_none() {
            match Format::stage_before(chain.after(), builder)? {
                Some(stage) => builder.map(Counted::No, PromptKeyStage::new(stage))?,
                None => builder.map(Counted::No, SplitKeyStage { columns, otherwise })?,
            }
        }
        builder.job.split_names = options.names(kept);
        builder.description.report_by.clone_from(&options.report_by);
        builder.map(Counted::Yes, SplitStage::new(options, existing))
    }

    fn is_of_one_source(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }

    fn needs_prompt_key(&self) -> bool {
        self.by.is_none()
    }
}

/// The raw columns of prompt and completion: those of the chain's format, or `prompt` and `completion`.
fn raw_columns(format: Option<&PromptFormat>) -> (Vec<String>, Vec<String>) {
    let Some(format) = format else { return (vec![PROMPT.into()], vec![COMPLETION.into()]) };
    let names = |t: &Template| t.columns().iter().map(|c| c.name.clone()).collect();
    (names(format.prompt()), names(format.completion()))
}

/// The error for rows that have splits, where nothing is said of them.
#[cold]
fn in_splits(names: &[String]) -> Error {
    let message = format!("split: the rows are in splits already: {}", names.join(", "));
    Error::new(Class::Plan, "in_splits", message).column(SPLIT).help(
        "say what becomes of them: existing=\"replace\" draws all rows, existing=\"keep\" those of \
         train alone; without split all stay where they are",
    )
}
