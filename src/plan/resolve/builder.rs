//! A plan, as far as it is decided: each stage is tried on no rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::barrier_step::{BarrierStep, Order};
use super::build::{Build, Counted};
use super::description::Description;
use super::job::Job;
use crate::arrow_result::ArrowResult;
use crate::compute::{Function, WithColumnsStage, call};
use crate::error::{Class, Error, Result};
use crate::flow::Map;
use crate::plan::columns::Use;
use crate::plan::explain_lines::{detail, line};
use crate::plan::reserved_names::not_reserved;
use crate::read::splits::SPLIT;
use crate::record::{Batch, Places, schema};
use crate::report::StepCounts;
use crate::split::RestoreStage;
use crate::store::Files;
use crate::write::LayoutStage;

/// A plan, as far as it is decided.
pub struct Builder {
    /// The index of the step it is at among the steps it goes through; their number, at the end.
    pub(super) index: usize,
    /// The name of that step.
    pub(super) name: &'static str,
    /// Whether no step follows.
    pub(crate) is_last: bool,
    /// The number of the first of them among all sources and steps of the plan.
    pub(super) first_step: usize,
    /// The store that has all files of the plan.
    pub store: Files,
    /// The splits that its rows have, where they come from a prepared folder: a column [`SPLIT`] says which.
    pub(crate) splits: Vec<String>,
    /// Whether its rows were read from JSON, which has no types of columns.
    pub(crate) is_json: bool,
    /// No rows, as they are at this point of the chain.
    pub(crate) empty: Batch,
    /// What is decided.
    pub(crate) job: Job,
    /// What is said of it.
    pub(crate) description: Description,
}

impl Builder {
    /// Adds a map stage.
    ///
    /// # Errors
    /// Those of the stage on no rows.
    pub(crate) fn map(&mut self, counted: Counted, stage: impl Map + 'static) -> Result<()> {
        let stage: Arc<dyn Map> = Arc::new(stage);
        self.empty = stage.map(self.empty.clone(), &mut StepCounts::default())?;
        self.job.stages.push((self.number(), counted, Build::Map(stage)));
        Ok(())
    }

    /// Adds an ordered stage.
    ///
    /// # Errors
    /// Those of the stage on no rows.
    pub(crate) fn ordered(&mut self, build: Build) -> Result<()> {
        if let Some(mut stage) = build.unseeded() {
            self.empty = stage.push(self.empty.clone(), &mut Vec::new())?;
        }
        self.job.stages.push((self.number(), Counted::Yes, build));
        Ok(())
    }

    /// Adds a barrier.
    ///
    /// # Errors
    /// Those of the barrier on no rows.
    pub(crate) fn barrier(&mut self, order: Order) -> Result<()> {
        let barrier = BarrierStep { order, goes_on: !self.is_last };
        let plain = LayoutStage.map(self.empty.clone(), &mut StepCounts::default())?;
        let records = barrier.outcome(&plain.records)?;
        self.empty = Batch { records, places: Places::after_barrier(0, Vec::new()), ..plain };
        self.job.stages.push((self.number(), Counted::Yes, Build::Barrier(barrier)));
        Ok(())
    }

    /// Whether the rows that reach the step come from a barrier.
    pub(crate) fn is_after_barrier(&self) -> bool {
        self.job.stages.iter().any(|(_, _, build)| matches!(build, Build::Barrier(_)))
    }

    /// The number of the step it is at among all sources and steps of the plan.
    fn number(&self) -> usize {
        self.first_step + self.index
    }

    /// Adds the step's line for people.
    pub(crate) fn say(&mut self, text: &str, kind: &str) {
        self.description.lines.push(line(self.name, text, kind));
    }

    /// The columns that can be written.
    pub(crate) fn visible(&self) -> Vec<String> {
        let schema = self.empty.records.schema();
        schema.fields().iter().map(|f| f.name().clone()).filter(|n| !schema::is_hidden(n)).collect()
    }

    /// The columns that make a row what it is: not the split that it is in.
    pub(crate) fn compared(&self) -> Vec<String> {
        let has_splits = self.has_splits();
        self.visible().into_iter().filter(|name| !has_splits || name != SPLIT).collect()
    }

    /// Whether rows have splits, and a column that still says so.
    pub(crate) fn has_splits(&self) -> bool {
        !self.splits.is_empty() && self.visible().iter().any(|name| name == SPLIT)
    }

    /// Rows of a prepared folder stay in their splits, where no step has said anything else of them.
    ///
    /// # Errors
    /// `wrong_type`: the column is no text any more.
    pub(crate) fn keep_splits(&mut self) -> Result<()> {
        if !self.has_splits() {
            return Ok(());
        }
        let names = self.splits.clone();
        self.description.lines.push(detail(&format!("rows stay in their splits: {}", names.join(", "))));
        self.job.split_names.clone_from(&names);
        self.map(Counted::No, RestoreStage { column: SPLIT.into(), names })
    }

    /// Refuses JSON that expressions or functions hand to a step that needs text. What is read for such a step itself is
    /// read as text; a function is given every column as what it holds, and `"yes"` with its quotes is not `yes`.
    ///
    /// # Errors
    /// `wrong_type`.
    pub(crate) fn no_json_as_text(&self, used: &BTreeMap<String, Use>) -> Result<()> {
        if !self.is_json {
            // In Arrow it is the data's own type.
            return Ok(());
        }
        let schema = self.empty.records.schema();
        for (name, used) in used {
            let (Use::Text(verb) | Use::TextInEveryRow(verb)) = used else { continue };
            if schema.field_with_name(name).is_ok_and(schema::is_json) {
                let message =
                    format!("{verb}: column `{name}` comes as json from a step before, and text is needed");
                return Err(Error::new(Class::Column, "wrong_type", message).column(name).help(format!(
                    "its values are of several types: put {verb} first, which rejects those that are no text; or make \
                     text of its JSON in that step, as in pl.col(\"{name}\").ext.storage()"
                )));
            }
        }
        Ok(())
    }

    /// Adds a stage that calls a function over these columns, or over all, which it replaces; `step` is what errors call
    /// it.
    ///
    /// # Errors
    /// Those of the function on no rows; `reserved_column`.
    pub(crate) fn compute(
        &mut self,
        columns: Option<Vec<String>>,
        function: &Arc<dyn Function>,
        step: String,
    ) -> Result<()> {
        let names = columns.clone().unwrap_or_else(|| self.visible());
        let schema = self.empty.records.schema();
        let indices: Vec<usize> = names.iter().filter_map(|n| schema.index_of(n).ok()).collect();
        let makes =
            call(function.as_ref(), &self.empty.records.project(&indices).or_defect()?, &step)?.schema();
        makes.fields().iter().try_for_each(|f| not_reserved(&step, f.name()))?;
        let replaces = columns.is_none();
        let function = Arc::clone(function);
        self.map(Counted::Yes, WithColumnsStage { columns, function, makes, replaces, step })
    }
}
