//! `split`: assigns each row to a split.

use serde::{Deserialize, Serialize};

use super::chain_checks::{bad_chain, check_no_copies, check_only_one};
use super::edited_columns::raw_columns;
use super::format::Format;
use crate::error::{Class, Error, Result};
use crate::format::PromptKeyStage;
use crate::plan::columns::{Columns, Conversations, Use};
use crate::plan::json_forms::decimals;
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Named, Step, Verb, prompt_format};
use crate::read::splits::SPLIT;
use crate::record::schema::PROMPT_KEY;
use crate::split::{ColumnKeyStage, Existing, SplitOptions, SplitStage};
use crate::word::{self, Word};

/// Assigns each row to a split.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The name and the share of each split but `train`, which gets the rest.
    #[serde(with = "decimals")]
    pub shares: Vec<(String, f64)>,
    /// Decides the split of each row, together with its key.
    pub seed: u64,
    /// The columns that decide the split of a row; none means the columns of the prompt.
    pub by: Option<Vec<String>>,
    /// A column whose values are counted in the report, by split.
    pub report_by: Option<String>,
    /// What happens to the splits that rows already have.
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
        check_only_one(Self::NAME, before)?;
        check_no_copies(Self::NAME, before, "the new splits would get copies too")?;
        self.options().check()
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        if let Some(by) = &self.by {
            columns.use_all(by, Use::Read)?;
        } else if columns.conversations() == Conversations::Later {
            return Err(bad_chain(
                "split: the rows are conversations, which format renders later",
                "put split after format, or name the columns that decide the split: by=",
            ));
        } else if !columns.formatted() && columns.conversations() == Conversations::Nowhere {
            let (prompt, completion) = raw_columns(columns.format());
            for name in prompt.iter().chain(&completion) {
                let or_by = ", or give the columns that decide the split: by=";
                columns.use_column(name, Use::Read).map_err(|e| columns.suggest_format(e, name, or_by))?;
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
            None if builder.description.chat.is_some() => {
                (vec!["the messages before the first answer".into()], Vec::new())
            }
            None => raw_columns(prompt_format(chain.steps).map(AsRef::as_ref)),
        };
        let options = self.options();
        let names = builder.splits.clone();
        let existing = builder.has_splits().then_some((SPLIT, names.as_slice()));
        let kept = match (existing, options.existing) {
            (Some(_), None) => return Err(in_splits(&names)),
            (Some(_), Some(Existing::Keep)) => names.as_slice(),
            _ => &[],
        };
        let shares: Vec<String> =
            options.shares.iter().map(|(name, share)| format!("{name}={share}")).collect();
        let by = columns.join(", ");
        let how =
            options.existing.map_or(String::new(), |existing| format!("; existing={}", existing.name()));
        let text = format!("{}, train the rest; by {by}; seed={}{how}", shares.join(", "), options.seed);
        builder.explain(&text, "map");
        if self.by.is_some() {
            builder.map(Counted::No, ColumnKeyStage { name: PROMPT_KEY, columns, otherwise })?;
        } else if builder.description.format.is_none() && builder.description.chat.is_none() {
            match Format::stage_before(chain.after(), builder)? {
                Some(stage) => builder.map(Counted::No, PromptKeyStage::new(stage))?,
                None => builder.map(Counted::No, ColumnKeyStage { name: PROMPT_KEY, columns, otherwise })?,
            }
        }
        builder.job.split_names = options.names(kept);
        builder.description.report_by.clone_from(&options.report_by);
        builder.map(Counted::Yes, SplitStage::new(options, existing))
    }

    fn may_precede_concat(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }

    fn needs_prompt_key(&self) -> bool {
        self.by.is_none()
    }
}

/// The error for rows that already have splits, without the option `existing`.
#[cold]
fn in_splits(names: &[String]) -> Error {
    let message = format!("split: the rows are already in splits: {}", names.join(", "));
    Error::new(Class::Plan, "in_splits", message).column(SPLIT).help(
        "choose what happens to them: existing=\"replace\" assigns all rows again, existing=\"keep\" only those of \
         train; without split all rows stay in their splits",
    )
}
