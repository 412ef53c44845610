//! `pack`: joins rows into packs of tokens.

use serde::{Deserialize, Serialize};

use super::chain_checks::{check_one_answer, check_only_one};
use super::tokenize::Tokenize;
use crate::error::{Class, Error, Result};
use crate::pack::{self, PackOptions};
use crate::plan::columns::{Columns, Use};
use crate::plan::explain_lines::detail;
use crate::plan::resolve::{Builder, Order};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::record::schema::{INPUT_IDS, ROW_WEIGHT, SEGMENT_WEIGHTS, SEQ_LENGTHS, TOKENIZED};

/// Joins documents into packs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// The limit of tokens per pack; none means that of `tokenize`.
    pub max_length: Option<usize>,
    /// Decides the order of the packs.
    pub seed: u64,
}

impl Named for Pack {
    const NAME: &'static str = "pack";
}

impl Verb for Pack {
    fn check(&self, before: &[Step]) -> Result<()> {
        check_only_one(Self::NAME, before)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        check_one_answer(Self::NAME, columns.answers(), "")?;
        columns.keep_splits();
        for name in [ROW_WEIGHT, SEGMENT_WEIGHTS] {
            if columns.names().any(|known| known == name) {
                columns.use_column(name, Use::Read)?;
            }
        }
        if columns.names().any(|name| name == ROW_WEIGHT) {
            columns.add(SEGMENT_WEIGHTS);
        }
        columns.retain(|name| TOKENIZED.contains(&name) || name == SEGMENT_WEIGHTS);
        columns.add(SEQ_LENGTHS);
        Ok(())
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        builder.keep_splits()?;
        let max_length = self.limit(builder)?;
        let kept = pack::needed(&builder.empty.records)?;
        let lost: Vec<String> =
            builder.visible().into_iter().filter(|name| kept.column_by_name(name).is_none()).collect();
        builder.explain(
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

    fn may_precede_concat(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}

impl Pack {
    /// The limit of tokens per pack.
    fn limit(&self, builder: &Builder) -> Result<u32> {
        let wrong =
            |message: String, help: &str| Err(Error::new(Class::Plan, "bad_max_length", message).help(help));
        let has_ids = builder.empty.records.column_by_name(INPUT_IDS).is_some();
        if builder.description.tokenizer.is_none() || !has_ids {
            return wrong("pack: the rows have no token ids".into(), "put .tokenize(...) before pack");
        }
        let Some(longest) = builder.description.max_length else {
            return wrong(
                "pack: rows have no limit of tokens, and pack never cuts a row".into(),
                "give tokenize a max_length; its on_overflow decides what happens to longer rows",
            );
        };
        let limit = self.max_length.unwrap_or(longest);
        if limit < longest {
            return wrong(
                format!(
                    "pack: `max_length` must be {longest} or more, as rows have up to {longest} tokens; got {limit}"
                ),
                "give tokenize the same max_length; its on_overflow decides what happens to longer rows",
            );
        }
        u32::try_from(limit).or_else(|_| {
            wrong(
                format!("pack: `max_length` must be {} or less; got {limit}", u32::MAX),
                "give the context length of the model",
            )
        })
    }
}
