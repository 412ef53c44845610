//! `pack`: rows joined to packs of tokens.

use serde::{Deserialize, Serialize};

use super::chain_checks::only_one;
use super::tokenize::Tokenize;
use crate::error::{Class, Error, Result};
use crate::pack::{self, PackOptions};
use crate::plan::columns::{Columns, Use};
use crate::plan::explain_lines::detail;
use crate::plan::resolve::{Builder, Order};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::record::schema::{INPUT_IDS, ROW_WEIGHT, SEGMENT_WEIGHTS, SEQ_LENGTHS, TOKENIZED};

/// Joins documents to packs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// Tokens a pack may have; none is the limit of `tokenize`.
    pub max_length: Option<usize>,
    /// Decides the order of the packs.
    pub seed: u64,
}

impl Named for Pack {
    const NAME: &'static str = "pack";
}

impl Verb for Pack {
    fn check(&self, before: &[Step]) -> Result<()> {
        only_one(Self::NAME, before)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        columns.keep_splits();
        for name in [ROW_WEIGHT, SEGMENT_WEIGHTS] {
            if columns.names().any(|there| there == name) {
                columns.use_column(name, Use::Read)?;
            }
        }
        if columns.names().any(|name| name == ROW_WEIGHT) {
            columns.make(SEGMENT_WEIGHTS);
        }
        columns.retain(|name| TOKENIZED.contains(&name) || name == SEGMENT_WEIGHTS);
        columns.make(SEQ_LENGTHS);
        Ok(())
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        builder.keep_splits()?;
        let max_length = self.limit(builder)?;
        let kept = pack::needed(&builder.empty.records)?;
        let lost: Vec<String> =
            builder.visible().into_iter().filter(|name| kept.column_by_name(name).is_none()).collect();
        builder.say(
            &format!("best fit decreasing, max_length={max_length}; order by seed={}", self.seed),
            "barrier",
        );
        if !lost.is_empty() {
            builder.description.lines.push(detail(&format!("leaves out {}", lost.join(", "))));
        }
        let mut since_tokenize = chain.steps.iter().skip_while(|step| !step.is::<Tokenize>());
        let labels_follow =
            since_tokenize.all(|step| step.verb().keeps_tokens()) && pack::labels_follow(&kept);
        builder.barrier(Order::Pack(PackOptions { max_length, seed: self.seed, labels_follow }))
    }

    fn is_of_one_source(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}

impl Pack {
    /// Tokens a pack may have.
    fn limit(&self, builder: &Builder) -> Result<u32> {
        let wrong =
            |message: String, help: &str| Err(Error::new(Class::Plan, "bad_max_length", message).help(help));
        let has_ids = builder.empty.records.column_by_name(INPUT_IDS).is_some();
        if builder.description.tokenizer.is_none() || !has_ids {
            return wrong("pack: the rows have no token ids".into(), "put .tokenize(...) before it");
        }
        let Some(longest) = builder.description.max_length else {
            return wrong(
                "pack: a row may have any number of tokens, and none is cut".into(),
                "give tokenize a max_length: its on_overflow decides about longer rows",
            );
        };
        let limit = self.max_length.unwrap_or(longest);
        if limit < longest {
            return wrong(
                format!("pack: max_length={limit}, but rows have up to {longest} tokens, and none is cut"),
                "give tokenize the same max_length: its on_overflow decides about longer rows",
            );
        }
        u32::try_from(limit).or_else(|_| {
            wrong(
                format!("pack: max_length={limit} is too large"),
                "packs of millions of tokens train nobody",
            )
        })
    }
}
