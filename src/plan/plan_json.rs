//! The JSON of a plan. Functions, tokenizers and data in memory are in it only by name and digest.

use serde_json::{Value, json};

use super::source::SourceForm;
use super::sources_and_steps::{Part, Plan};
use super::step::Step;
use crate::cancel::Cancel;
use crate::error::{Error, Result};

/// The version of the JSON that this code writes.
pub(crate) const PLAN_VERSION: u32 = 1;

impl Plan {
    /// The plan as JSON, with paths as the user gave them. Sources in memory that can be read again are read for the
    /// digest of their content.
    ///
    /// # Errors
    /// Those of reading a source in memory.
    pub fn to_json(&self, cancel: &Cancel) -> Result<Value> {
        let form = |part: &Part| Ok(part.source.form(part.source.digest(None, cancel)?));
        let forms = self.parts.iter().map(form).collect::<Result<_>>()?;
        build_json(self, forms, |step| Ok(step.clone()))
    }

    /// The plan as a manifest holds it: `names` replace the paths of its steps, in order.
    pub(super) fn published(&self, forms: Vec<SourceForm>, names: &[String]) -> Result<Value> {
        let mut names = names.iter().cloned();
        build_json(self, forms, |step| {
            step.verb().published(&mut names).map(|s| s.unwrap_or_else(|| step.clone()))
        })
    }
}

/// The JSON; `forms` are those of the sources in order, and `named` replaces each step.
fn build_json(
    plan: &Plan,
    forms: Vec<SourceForm>,
    mut named: impl FnMut(&Step) -> Result<Step>,
) -> Result<Value> {
    let mut steps =
        |steps: &[Step]| -> Result<Vec<Value>> { steps.iter().map(|step| named(step)?.to_json()).collect() };
    let source = |form: SourceForm| {
        serde_json::to_value(form).map_err(|e| Error::internal("a source has no JSON").source(e))
    };
    let mut sources = forms.into_iter().map(source);
    let mut next = || sources.next().unwrap_or_else(|| Err(Error::internal("a source is missing")));
    let source = match &plan.source_column {
        None => next()?,
        Some(column) => {
            let mut part_json = |part: &Part| -> Result<Value> {
                Ok(json!({"name": part.name, "source": next()?, "steps": steps(&part.steps)?}))
            };
            let plans = plan.parts.iter().map(&mut part_json).collect::<Result<Vec<_>>>()?;
            json!({"scan": "concat", "column": column, "plans": plans})
        }
    };
    Ok(json!({"plan_version": PLAN_VERSION, "source": source, "steps": steps(&plan.steps)?}))
}
