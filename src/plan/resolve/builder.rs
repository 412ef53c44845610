//! Builds the stages of a plan, step by step, and runs each on an empty batch.

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

/// The part of a plan that is resolved so far.
pub struct Builder {
    /// The index of the current step; at the end, the number of steps.
    pub(super) index: usize,
    /// The name of the current step.
    pub(super) name: &'static str,
    /// Whether the current step is the last.
    pub(crate) is_last: bool,
    /// The number of the first step among all sources and steps of the plan.
    pub(super) first_step: usize,
    /// The store of all files of the plan.
    pub store: Files,
    /// The names of the splits of a prepared folder; the column [`SPLIT`] has the split of each row.
    pub(crate) splits: Vec<String>,
    /// Whether rows are read from JSON, where columns have no types.
    pub(crate) is_json: bool,
    /// An empty batch with the columns at this point of the chain.
    pub(crate) empty: Batch,
    /// The sources and stages so far.
    pub(crate) job: Job,
    /// What manifest, report and `explain` show so far.
    pub(crate) description: Description,
}

impl Builder {
    /// Adds a map stage.
    ///
    /// # Errors
    /// Those of the stage on an empty batch.
    pub(crate) fn map(&mut self, counted: Counted, stage: impl Map + 'static) -> Result<()> {
        let stage: Arc<dyn Map> = Arc::new(stage);
        self.empty = stage.map(self.empty.clone(), &mut StepCounts::default())?;
        self.job.stages.push((self.number(), counted, Build::Map(stage)));
        Ok(())
    }

    /// Adds an ordered stage.
    ///
    /// # Errors
    /// Those of the stage on an empty batch.
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
    /// Those of the barrier on an empty batch.
    pub(crate) fn barrier(&mut self, order: Order) -> Result<()> {
        let barrier = BarrierStep { order, steps_follow: !self.is_last };
        let plain = LayoutStage.map(self.empty.clone(), &mut StepCounts::default())?;
        let records = barrier.outcome(&plain.records)?;
        self.empty = Batch { records, places: Places::after_barrier(0, Vec::new()), ..plain };
        self.job.stages.push((self.number(), Counted::Yes, Build::Barrier(barrier)));
        Ok(())
    }

    /// Whether there is a barrier before the current step.
    pub(crate) fn is_after_barrier(&self) -> bool {
        self.job.stages.iter().any(|(_, _, build)| matches!(build, Build::Barrier(_)))
    }

    /// The number of the current step among all sources and steps of the plan.
    fn number(&self) -> usize {
        self.first_step + self.index
    }

    /// Adds the `explain` line of the current step.
    pub(crate) fn explain(&mut self, text: &str, kind: &str) {
        self.description.lines.push(line(self.name, text, kind));
    }

    /// The names of the columns that a sink would write.
    pub(crate) fn visible(&self) -> Vec<String> {
        let schema = self.empty.records.schema();
        schema.fields().iter().map(|f| f.name().clone()).filter(|n| !schema::is_hidden(n)).collect()
    }

    /// The columns that `dedup` compares by default: all but the split.
    pub(crate) fn compared(&self) -> Vec<String> {
        let has_splits = self.has_splits();
        self.visible().into_iter().filter(|name| !has_splits || name != SPLIT).collect()
    }

    /// Whether rows come from splits, and still have the column of their names.
    pub(crate) fn has_splits(&self) -> bool {
        !self.splits.is_empty() && self.visible().iter().any(|name| name == SPLIT)
    }

    /// Keeps rows of a prepared folder in their splits, if no step has replaced them.
    ///
    /// # Errors
    /// `wrong_type`: the column is not text.
    pub(crate) fn keep_splits(&mut self) -> Result<()> {
        if !self.has_splits() {
            return Ok(());
        }
        let names = self.splits.clone();
        self.description.lines.push(detail(&format!("rows stay in their splits: {}", names.join(", "))));
        self.job.split_names.clone_from(&names);
        self.map(Counted::No, RestoreStage { column: SPLIT.into(), names })
    }

    /// Rejects columns of JSON that an earlier expression or function gives to a step that needs text. A column that
    /// such a step reads from the source is read as text; JSON would keep its quotes, and `"yes"` is not `yes`.
    ///
    /// # Errors
    /// `wrong_type`.
    pub(crate) fn no_json_as_text(&self, used: &BTreeMap<String, Use>) -> Result<()> {
        if !self.is_json {
            // In Arrow and Parquet, JSON is the type that the data has.
            return Ok(());
        }
        let schema = self.empty.records.schema();
        for (name, used) in used {
            let (Use::Text(verb) | Use::TextInEveryRow(verb)) = used else { continue };
            if schema.field_with_name(name).is_ok_and(schema::is_json) {
                let message = format!("{verb}: column `{name}` must be text; the steps before make it json");
                return Err(Error::new(Class::Column, "wrong_type", message).column(name).help(format!(
                    "its values have several types: put {verb} before that step, so that it rejects values that are not text; or \
                     convert the JSON to text in that step, as in pl.col(\"{name}\").ext.storage()"
                )));
            }
        }
        Ok(())
    }

    /// Adds a stage that calls a function over these columns; without `columns` over all, which its result replaces.
    /// Errors name `step`.
    ///
    /// # Errors
    /// Those of the function on an empty batch; `reserved_column`.
    pub(crate) fn compute(
        &mut self,
        columns: Option<Vec<String>>,
        function: &Arc<dyn Function>,
        step: String,
    ) -> Result<()> {
        let names = columns.clone().unwrap_or_else(|| self.visible());
        let schema = self.empty.records.schema();
        let indices: Vec<usize> = names.iter().filter_map(|n| schema.index_of(n).ok()).collect();
        let result_schema =
            call(function.as_ref(), &self.empty.records.project(&indices).or_defect()?, &step)?.schema();
        result_schema.fields().iter().try_for_each(|f| not_reserved(&step, f.name()))?;
        let replaces_all = columns.is_none();
        let function = Arc::clone(function);
        self.map(Counted::Yes, WithColumnsStage { columns, function, result_schema, replaces_all, step })
    }
}
