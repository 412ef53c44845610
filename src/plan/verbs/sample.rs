//! `sample`: keeps a sample of the rows.

use serde::{Deserialize, Serialize};

use crate::choose::{Amount, How};
use crate::error::{Class, Error, Result};
use crate::plan::columns::{Columns, Use};
use crate::plan::json_forms::decimal;
use crate::plan::resolve::{Builder, Counted, Order};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::record::schema::GROUP;
use crate::split::ColumnKeyStage;

/// Keeps a sample of the rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sample {
    /// The number of rows; none with `share`.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) n: Option<u64>,
    /// The share of the rows; none with `n`.
    #[serde(with = "decimal")]
    pub(crate) share: Option<f64>,
    /// The columns whose values are the groups; none means that all rows are one group.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) by: Option<Vec<String>>,
    /// Decides which rows are in the sample.
    pub(crate) seed: u64,
}

impl Sample {
    /// How many rows it has.
    ///
    /// # Errors
    /// `bad_option`.
    fn amount(&self) -> Result<Amount> {
        let wrong = |message: String| {
            let help = "write sample(1000) for a number of rows, or sample(share=0.1) for a share of them";
            Err(Error::new(Class::Plan, "bad_option", message).help(help))
        };
        match (self.n, self.share) {
            (Some(0), None) => wrong("sample: `n` must be 1 or more; got 0".into()),
            (Some(n), None) => Ok(Amount::Rows(n)),
            (None, Some(share)) if share > 0.0 && share <= 1.0 => Ok(Amount::Share(share)),
            (None, Some(share)) => {
                wrong(format!("sample: `share` must be above 0 and at most 1; got {share}"))
            }
            _ => wrong("sample: exactly one of `n` and `share` must be given".into()),
        }
    }
}

impl Named for Sample {
    const NAME: &'static str = "sample";
}

impl Verb for Sample {
    fn check(&self, _: &[Step]) -> Result<()> {
        self.amount().map(|_| ())
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        columns.use_all(self.by.as_deref().unwrap_or_default(), Use::Read)
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        if chain.after().is_empty() {
            builder.keep_splits()?;
        }
        let amount = self.amount()?;
        let rows = match amount {
            Amount::Rows(n) => format!("{n} rows"),
            Amount::Share(share) => format!("a share of {share}"),
        };
        let groups = match &self.by {
            Some(by) => format!("each value of {}", by.join(", ")),
            None => "all rows".into(),
        };
        builder.explain(&format!("{rows} of {groups}, in their order; seed={}", self.seed), "barrier");
        if let Some(by) = &self.by {
            let stage = ColumnKeyStage { name: GROUP, columns: by.clone(), otherwise: Vec::new() };
            builder.map(Counted::No, stage)?;
        }
        builder.barrier(Order::Choose(How::Sample { amount, seed: self.seed, grouped: self.by.is_some() }))
    }

    fn may_precede_concat(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}
