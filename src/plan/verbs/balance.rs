//! `balance`: makes classes equal, in rows or in weight.

use serde::{Deserialize, Serialize};

use crate::choose::{BalanceHow, How};
use crate::error::{Class, Error, Result};
use crate::plan::columns::{Columns, Use, column_exists};
use crate::plan::resolve::{Builder, Counted, Order};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::read::splits::SPLIT;
use crate::record::schema::ROW_WEIGHT;
use crate::split::ClassKeyStage;
use crate::word::{self, Word};

/// Makes classes equal, in rows or in weight.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Balance {
    /// The columns whose values are the classes.
    pub(crate) by: Vec<String>,
    /// How classes become equal.
    #[serde(with = "word")]
    pub(crate) how: BalanceHow,
    /// Decides which rows stay, or are repeated once more.
    pub(crate) seed: u64,
}

impl Named for Balance {
    const NAME: &'static str = "balance";
}

impl Verb for Balance {
    fn check(&self, _: &[Step]) -> Result<()> {
        match self.by.is_empty() {
            false => Ok(()),
            true => Err(Error::new(Class::Plan, "bad_option", "balance: `by` is empty")
                .help("name the column of the classes: balance(\"label\")")),
        }
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        columns.use_all(&self.by, Use::Read)?;
        columns.read_splits()?;
        if self.adds_weights() {
            if columns.names().any(|name| name == ROW_WEIGHT) {
                return Err(column_exists(Self::NAME, ROW_WEIGHT));
            }
            columns.add(ROW_WEIGHT);
        }
        Ok(())
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        if self.adds_weights() && builder.visible().iter().any(|name| name == ROW_WEIGHT) {
            return Err(column_exists(Self::NAME, ROW_WEIGHT));
        }
        if chain.after().is_empty() {
            builder.keep_splits()?;
        }
        let by = self.by.join(", ");
        let text = match self.how {
            BalanceHow::Undersample => {
                format!("as many rows of each {by} as of the smallest; seed={}", self.seed)
            }
            BalanceHow::Oversample => {
                format!("rows repeated to as many of each {by} as of the largest; seed={}", self.seed)
            }
            BalanceHow::Weights => format!("{ROW_WEIGHT}, of equal sum for each {by}"),
        };
        builder.explain(&format!("{}: {text}; rows of train", self.how.name()), "barrier");
        let named = builder.has_splits().then(|| (SPLIT.to_string(), builder.splits.clone()));
        builder.map(Counted::No, ClassKeyStage { columns: self.by.clone(), named })?;
        builder.barrier(Order::Choose(How::Balance { how: self.how, by: self.by.clone(), seed: self.seed }))
    }

    fn may_precede_concat(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }

    fn repeats_rows(&self) -> bool {
        self.how == BalanceHow::Oversample
    }
}

impl Balance {
    /// Whether it adds a column.
    pub(crate) fn adds_weights(&self) -> bool {
        self.how == BalanceHow::Weights
    }
}
