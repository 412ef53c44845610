//! Resolves the steps of a chain, one after another.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;

use super::builder::Builder;
use super::description::Description;
use super::job::Job;
use super::resolved::Resolved;
use super::source_columns::{check_names, read_column, shown_column};
use crate::cancel::Cancel;
use crate::error::Result;
use crate::plan::columns::Use;
use crate::plan::explain_lines::{detail, line};
use crate::plan::needed_columns::{ConcatColumns, Needed, needed, used};
use crate::plan::source::ResolvedSource;
use crate::plan::sources_and_steps::Part;
use crate::plan::step::{Chain, Step};
use crate::read::{ReadColumn, splits};
use crate::record::{Batch, Places};

/// The steps of a chain, and what is resolved so far.
pub(crate) struct ChainBuilder<'p> {
    /// What is resolved so far.
    pub(crate) builder: Builder,
    /// All steps of the chain.
    pub(crate) steps: &'p [Step],
}

impl<'p> ChainBuilder<'p> {
    /// Starts at the first step after a source, whose number is `step`. Also gives the columns that the steps need,
    /// and how each is read.
    pub(crate) fn start(
        part: &Part,
        source: &ResolvedSource,
        steps: &'p [Step],
        concat: Option<&ConcatColumns<'p>>,
        step: usize,
    ) -> Result<(Self, Needed, Vec<ReadColumn>)> {
        let verb = part.source.verb();
        let names: Vec<String> = source.columns.iter().map(|c| c.name.clone()).collect();
        check_names(verb, &names)?;
        let splits = (!source.splits.is_empty()).then_some(splits::SPLIT);
        let needed = needed(steps, concat, &names, splits)?;
        let read = |(name, used): &(String, Use)| read_column(source, name, *used);
        let columns = needed.columns.iter().map(read).collect::<Result<Vec<_>>>()?;
        let schema = source.schema(&columns)?;
        let mut description = Description::default();
        let shown: Vec<String> = columns.iter().map(|c| shown_column(source, c)).collect();
        description.lines = vec![
            line(verb, &source.describe(), "source"),
            detail(&format!("reads {} of {} columns: {}", columns.len(), names.len(), shown.join(", "))),
        ];
        if !source.left_out.is_empty() {
            let names = source.left_out.join(", ");
            description.lines.push(detail(&format!("leaves out {names}: the row numbers of a pandas frame")));
        }
        let empty = Batch::new(RecordBatch::new_empty(schema), Places::numbered(0, 0, 0));
        let (splits, is_json) = (source.splits.clone(), source.is_json());
        let (job, store) = (Job::default(), source.store().clone());
        let first_step = step + 1;
        let builder = Builder {
            index: 0,
            name: verb,
            is_last: false,
            first_step,
            store,
            splits,
            is_json,
            empty,
            job,
            description,
        };
        Ok((ChainBuilder { builder, steps }, needed, columns))
    }

    /// Resolves all steps. After the step `opaque_from`, names of columns are checked only here.
    pub(crate) fn resolve_steps(&mut self, opaque_from: Option<usize>, cancel: &Cancel) -> Result<()> {
        let splits = (!self.builder.splits.is_empty()).then_some(splits::SPLIT);
        for (i, step) in self.steps.iter().enumerate() {
            cancel.check()?;
            let builder = &mut self.builder;
            (builder.index, builder.name, builder.is_last) = (i, step.name(), i + 1 == self.steps.len());
            let used = match used(self.steps, i, &builder.visible(), splits) {
                // Names were checked before, together with those of columns that are not read.
                Err(_) if opaque_from.is_none_or(|opaque| i <= opaque) => BTreeMap::new(),
                used => used?,
            };
            builder.no_json_as_text(&used)?;
            step.verb().resolve(Chain { steps: self.steps, index: i }, builder)?;
        }
        (self.builder.index, self.builder.is_last) = (self.steps.len(), true);
        Ok(())
    }

    /// The resolved plan.
    pub(crate) fn finish(self) -> Resolved {
        let Builder { empty, job, description, .. } = self.builder;
        Resolved { job: Job { schema: empty.records.schema(), ..job }, description }
    }
}
