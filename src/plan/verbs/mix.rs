//! `mix`: sources give rows, or tokens, in the shares of their weights.

use arrow::datatypes::DataType;
use serde::{Deserialize, Serialize};

use crate::choose::{How, MixOptions, MixUnit, OnExhausted};
use crate::error::{Class, Error, Result, missing_column};
use crate::plan::columns::{Columns, Use};
use crate::plan::json_forms::decimals;
use crate::plan::resolve::{Builder, Counted, Order};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::read::splits::SPLIT;
use crate::record::is_text;
use crate::record::schema::{INPUT_IDS, type_name};
use crate::record::tokens::lists;
use crate::split::ClassKeyStage;
use crate::word::{self, Word};

/// Sources give rows, or tokens, in the shares of their weights.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mix {
    /// The weight of each source; 0 removes its rows.
    #[serde(with = "decimals")]
    pub(crate) weights: Vec<(String, f64)>,
    /// The column that names the source of a row.
    pub(crate) by: String,
    /// What is shared out.
    #[serde(with = "word")]
    pub(crate) unit: MixUnit,
    /// What happens when a source has no more rows.
    #[serde(with = "word")]
    pub(crate) on_exhausted: OnExhausted,
    /// Decides which rows leave, or leave once more.
    pub(crate) seed: u64,
}

impl Named for Mix {
    const NAME: &'static str = "mix";
}

impl Verb for Mix {
    fn check(&self, _: &[Step]) -> Result<()> {
        let wrong = |message: String| {
            let help = "write the share of each source: mix({\"web\": 0.7, \"books\": 0.3})";
            Err(Error::new(Class::Plan, "bad_option", message).help(help))
        };
        for (name, weight) in &self.weights {
            if !(weight.is_finite() && *weight >= 0.0) {
                return wrong(format!(
                    "mix: the weight of `{name}` must be a number of 0 or more; got {weight}"
                ));
            }
        }
        match self.weights.iter().any(|(_, weight)| *weight > 0.0) {
            true => Ok(()),
            false => wrong("mix: at least one source must have a weight above 0".into()),
        }
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        let joined = "concat names the source of each row in the column `source`; name another column: by=";
        columns.use_column(&self.by, Use::Text(Self::NAME)).map_err(|e| match e.code() {
            "missing_column" if self.by == "source" => e.help(joined),
            _ => e,
        })?;
        if self.unit == MixUnit::Tokens {
            columns.use_column(INPUT_IDS, Use::Read).map_err(|e| e.help("put .tokenize(...) before mix"))?;
        }
        columns.read_splits()
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        if chain.after().is_empty() {
            builder.keep_splits()?;
        }
        self.check_types(builder)?;
        let weights: Vec<String> =
            self.weights.iter().map(|(name, weight)| format!("{name}={weight}")).collect();
        let until = match self.on_exhausted {
            OnExhausted::Stop => "until a source has no more rows",
            OnExhausted::Repeat => "rows repeated until all sources have given theirs",
        };
        let text = format!("{} by {}: {}; {until}", self.unit.name(), self.by, weights.join(", "));
        builder.explain(&format!("{text}; seed={}; rows of train", self.seed), "barrier");
        let named = builder.has_splits().then(|| (SPLIT.to_string(), builder.splits.clone()));
        builder.map(Counted::No, ClassKeyStage { columns: vec![self.by.clone()], named })?;
        let Mix { weights, by, unit, on_exhausted, seed } = self.clone();
        builder.barrier(Order::Choose(How::Mix(MixOptions { weights, by, unit, on_exhausted, seed })))
    }

    fn may_precede_concat(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }

    fn repeats_rows(&self) -> bool {
        self.on_exhausted == OnExhausted::Repeat
    }
}

impl Mix {
    /// Checks the columns that steps before have made.
    fn check_types(&self, builder: &Builder) -> Result<()> {
        let records = &builder.empty.records;
        let schema = records.schema();
        let Ok(field) = schema.field_with_name(&self.by) else {
            return Err(missing_column(&self.by, Self::NAME, &builder.visible()));
        };
        if !is_text(field.data_type()) {
            let message = format!("mix: column `{}` must be text; it is {}", self.by, type_name(field));
            return Err(Error::new(Class::Column, "wrong_type", message)
                .column(&self.by)
                .help(format!("convert it first: with_columns(pl.col(\"{}\").cast(pl.String))", self.by)));
        }
        if self.unit == MixUnit::Tokens {
            let Some(ids) = records.column_by_name(INPUT_IDS) else {
                return Err(missing_column(INPUT_IDS, Self::NAME, &builder.visible()));
            };
            lists(INPUT_IDS, ids, DataType::Int32)?;
        }
        Ok(())
    }
}
