//! `write_as`: rows become conversations in the form of a provider or a trainer, and those that it would refuse are
//! removed.

use serde::{Deserialize, Serialize};

use super::chain_checks::{bad_chain, check_only_one, is_rendered};
use super::{Balance, ReadAs, Tokenize};
use crate::dialect::{Form, WriteAsStage};
use crate::error::Result;
use crate::flow::Map;
use crate::lint::{LintStage, Target};
use crate::plan::columns::Columns;
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::record::Batch;
use crate::report::StepCounts;
use crate::word;

/// Rows become conversations in the form of a target.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteAs {
    #[serde(with = "word")]
    pub(crate) target: &'static Target,
}

impl Named for WriteAs {
    const NAME: &'static str = "write_as";
}

impl Verb for WriteAs {
    fn check(&self, before: &[Step]) -> Result<()> {
        check_only_one(Self::NAME, before)?;
        if is_rendered(before) || before.iter().any(Step::is::<Tokenize>) {
            return Err(bad_chain(
                "write_as: the rows are already rendered",
                "leave format and tokenize out",
            ));
        }
        if before.iter().any(|step| step.get::<Balance>().is_some_and(Balance::adds_weights)) {
            let message = "write_as: files of conversations have no weights of rows";
            return Err(bad_chain(message, "choose another balance: undersample or oversample"));
        }
        match before.iter().any(Step::is::<ReadAs>) {
            true => Ok(()),
            false => Err(bad_chain("write_as: nothing says what the rows mean", "put read_as() before it")),
        }
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        // The columns of the dialect are used by read_as.
        columns.keep_splits();
        columns.retain(|_| false);
        form(self.target).columns().iter().for_each(|name| columns.add(name));
        Ok(())
    }

    fn resolve(&self, chain: Chain<'_>, builder: &mut Builder) -> Result<()> {
        if let Some(after) = chain.after().first() {
            let message = format!("write_as: {} comes after it", after.name());
            return Err(bad_chain(message, "put write_as last"));
        }
        let before = chain.steps.get(..chain.index).unwrap_or_default();
        let decided = before.iter().find_map(Step::get::<ReadAs>).map(ReadAs::decided).transpose()?.flatten();
        let Some((dialect, columns)) = decided else {
            return Err(bad_chain(
                "write_as: the dialect of the rows was not recognised",
                "name it, as in read_as(\"pairs\"); explain() of the plan up to read_as says why",
            ));
        };
        builder.keep_splits()?;
        builder.explain(&format!("{}: {}", self.target.name, self.target.title), "map");
        builder.description.target = Some(self.target);
        let write = WriteAsStage { dialect, columns, form: form(self.target) };
        builder.map(Counted::Yes, WriteAccepted { write, lint: LintStage { target: self.target } })
    }

    fn may_precede_concat(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        false
    }
}

/// Writes conversations, and removes those that the target would refuse: one step, so that its rows are counted once.
struct WriteAccepted {
    write: WriteAsStage,
    lint: LintStage,
}

impl Map for WriteAccepted {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        self.lint.map(self.write.map(batch, counts)?, counts)
    }
}

/// The form of a target.
fn form(target: &Target) -> Form {
    let is_trainer = matches!(target.name, "trl" | "axolotl");
    Form {
        is_pair: target.has_pairs,
        is_blocks: target.name == "bedrock",
        has_developers: is_trainer,
        has_reasoning: is_trainer || matches!(target.name, "together" | "fireworks" | "together_dpo"),
        has_weights: !is_trainer && !target.has_pairs,
        has_call_texts: !is_trainer,
    }
}
