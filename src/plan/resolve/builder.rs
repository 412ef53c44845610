//! The steps one after another, each tried on no rows.

use std::sync::Arc;

use super::Resolved;
use super::stages::{Barrier, Build, Counted};
use crate::compute::{FilterStage, Function, ProjectStage, WithColumnsStage, call};
use crate::error::{Class, Error, Result};
use crate::format::PromptKeyStage;
use crate::plan::columns::raw_columns;
use crate::plan::explain::{detail, line};
use crate::plan::{Plan, Step, not_reserved};
use crate::read::splits::SPLIT;
use crate::record::{Batch, schema};
use crate::report::StepCounts;
use crate::split::{Existing, RestoreStage, SplitKeyStage, SplitOptions, SplitStage};
use crate::stage::Map;
use crate::validate::{Rule, ValidateStage};

/// A plan, as far as it is decided.
pub(super) struct Builder<'p> {
    pub plan: &'p Plan,
    /// The generations of the earlier folders met so far.
    pub earlier: Vec<String>,
    /// No rows, as they are at this point of the chain.
    pub empty: Batch,
    pub out: Resolved,
}

impl Builder<'_> {
    pub fn map(&mut self, step: usize, counted: Counted, stage: impl Map + 'static) -> Result<()> {
        let stage: Arc<dyn Map> = Arc::new(stage);
        self.empty = stage.map(self.empty.clone(), &mut StepCounts::default())?;
        self.out.stages.push((step, counted, Build::Map(stage)));
        Ok(())
    }

    pub fn say(&mut self, verb: &str, text: &str, kind: &str) {
        self.out.lines.push(line(verb, text, kind));
    }

    pub fn visible(&self) -> Vec<String> {
        let schema = self.empty.records.schema();
        schema.fields().iter().map(|f| f.name().clone()).filter(|n| !schema::is_hidden(n)).collect()
    }

    /// The columns that make a row what it is: not the split that it is in.
    pub fn compared(&self) -> Vec<String> {
        let has_splits = self.has_splits();
        self.visible().into_iter().filter(|name| !has_splits || name != SPLIT).collect()
    }

    pub fn formatted(&self) -> bool {
        self.out.format.is_some()
    }

    pub fn step(&mut self, index: usize, step: &Step) -> Result<()> {
        let (number, verb) = (index + 1, step.verb());
        match step {
            Step::Select(names) => {
                self.say(verb, &names.join(", "), "map");
                let columns = names.iter().map(|n| (n.clone(), n.clone())).collect();
                self.map(number, Counted::Yes, ProjectStage { columns })
            }
            Step::Rename(pairs) => {
                let shown: Vec<String> = pairs.iter().map(|(from, to)| format!("{from} -> {to}")).collect();
                self.say(verb, &shown.join(", "), "map");
                let new = |n: String| {
                    let to =
                        pairs.iter().find(|(from, _)| *from == n).map_or(n.clone(), |(_, to)| to.clone());
                    (n, to)
                };
                let columns = self.visible().into_iter().map(new).collect();
                self.map(number, Counted::Yes, ProjectStage { columns })
            }
            Step::Filter { columns, label, function } => {
                self.say(verb, label, "map");
                let stage = FilterStage { columns: columns.clone(), function: Arc::clone(function) };
                self.map(number, Counted::Yes, stage)
            }
            Step::WithColumns { columns, label, function, .. } => {
                self.say(verb, label, "map");
                self.compute(number, Some(columns.clone()), function, verb.into())
            }
            Step::MapBatches { name, version, function } => {
                let version = version.as_ref().map_or("no version".into(), |v| format!("version {v}"));
                self.say(verb, &format!("{name}, {version}"), "map");
                self.compute(number, None, function, format!("{verb} {name}"))
            }
            Step::Head(rows) => {
                self.say(verb, &format!("{rows} rows, in input order"), "ordered");
                self.out.stages.push((number, Counted::Yes, Build::Head(*rows)));
                Ok(())
            }
            Step::Validate { rules, policy } => {
                let shown: Vec<String> = rules.iter().map(Rule::describe).collect();
                self.say(verb, &format!("{}; on_invalid={}", shown.join("; "), policy.name()), "map");
                self.map(number, Counted::Yes, ValidateStage { rules: rules.clone(), policy: *policy })
            }
            Step::Format { format, on_collision, rendered_by } => {
                self.format(index, format, *on_collision, rendered_by.as_deref())
            }
            Step::Dedup { .. } => self.dedup(number, step),
            Step::Split { options, by } => self.split(index, options, by.as_deref()),
            Step::Restore { format, column, splits } => {
                self.say(verb, &format!("splits {} and format as published", splits.join(", ")), "map");
                self.out.format = Some(Arc::clone(format));
                self.out.split_names.clone_from(splits);
                let stage = RestoreStage { column: column.clone(), names: splits.clone() };
                self.map(number, Counted::Yes, stage)
            }
            Step::Tokenize(options) => self.tokenize(number, options),
            Step::Shuffle { seed } => {
                self.say(verb, &format!("all rows, before the sink; seed={seed}"), "barrier");
                self.out.barrier = Some(Barrier::Shuffle(*seed));
                Ok(())
            }
            Step::Pack { max_length, seed } => {
                self.keep_splits(index)?;
                self.pack(*max_length, *seed)
            }
        }
    }

    /// Whether rows have splits, and a column that still says so.
    fn has_splits(&self) -> bool {
        !self.out.found.splits.is_empty() && self.visible().iter().any(|name| name == SPLIT)
    }

    /// Rows of a prepared folder stay in their splits, where no step has said anything else of them; `number` is that of
    /// the step before.
    pub fn keep_splits(&mut self, number: usize) -> Result<()> {
        if !self.has_splits() {
            return Ok(());
        }
        let names = self.out.found.splits.clone();
        self.out.lines.push(detail(&format!("rows stay in their splits: {}", names.join(", "))));
        self.out.split_names.clone_from(&names);
        self.map(number, Counted::No, RestoreStage { column: SPLIT.into(), names })
    }

    fn split(&mut self, index: usize, options: &SplitOptions, by: Option<&[String]>) -> Result<()> {
        let number = index + 1;
        let (columns, otherwise) = match by {
            Some(by) => (by.to_vec(), Vec::new()),
            None => raw_columns(self.plan),
        };
        let theirs = self.out.found.splits.clone();
        let existing = self.has_splits().then_some((SPLIT, theirs.as_slice()));
        let kept = match (existing, options.existing) {
            (Some(_), None) => return Err(in_splits(&theirs)),
            (Some(_), Some(Existing::Keep)) => theirs.as_slice(),
            _ => &[],
        };
        let shares: Vec<String> = options.shares.iter().map(|(n, s)| format!("{n}={s}")).collect();
        let by_what = columns.join(", ");
        let how =
            options.existing.map_or(String::new(), |existing| format!("; existing={}", existing.name()));
        let text = format!("{}, train the rest; by {by_what}; seed={}{how}", shares.join(", "), options.seed);
        self.say("split", &text, "map");
        match self.formatted_later(index) {
            _ if by.is_some() => {
                self.map(number, Counted::No, SplitKeyStage { columns, otherwise })?;
            }
            _ if self.formatted() => {}
            Some(stage) => self.map(number, Counted::No, PromptKeyStage::new(stage?))?,
            None => self.map(number, Counted::No, SplitKeyStage { columns, otherwise })?,
        }
        self.out.split_names = options.names(kept);
        self.out.report_by.clone_from(&options.report_by);
        self.map(number, Counted::Yes, SplitStage::new(options.clone(), existing))
    }

    fn compute(
        &mut self,
        number: usize,
        columns: Option<Vec<String>>,
        function: &Arc<dyn Function>,
        step: String,
    ) -> Result<()> {
        let names = columns.clone().unwrap_or_else(|| self.visible());
        let schema = self.empty.records.schema();
        let indices: Vec<usize> = names.iter().filter_map(|n| schema.index_of(n).ok()).collect();
        let makes = call(function.as_ref(), &self.empty.records.project(&indices)?, &step)?.schema();
        makes.fields().iter().try_for_each(|f| not_reserved(&step, f.name()))?;
        let replaces = columns.is_none();
        let function = Arc::clone(function);
        self.map(number, Counted::Yes, WithColumnsStage { columns, function, makes, replaces, step })
    }
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
