//! What is to be done, as data: sources and steps, in the order they were said.

use super::reserved_names::not_reserved;
use super::source::SourceSpec;
use super::step::Step;
use super::verbs::{Filter, Head, Pack, Shuffle};
use crate::error::{Class, Error, Result};

/// A source of a plan, and the steps of its own.
#[derive(Clone)]
pub struct Part {
    /// What the rows of this source are called, where there are several.
    pub name: String,
    /// Where rows come from.
    pub source: SourceSpec,
    /// What is done with its rows alone, in order; nothing where the plan has one source.
    pub steps: Vec<Step>,
}

/// Sources and steps; immutable, cheap to extend.
#[derive(Clone)]
pub struct Plan {
    /// The sources, one after another; at least one.
    pub parts: Vec<Part>,
    /// The column that names the source of each row; none where there is one source.
    pub source_column: Option<String>,
    /// What is done with all rows, in order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// A plan that reads and does nothing else.
    pub fn new(source: SourceSpec) -> Self {
        Plan {
            parts: vec![Part { name: String::new(), source, steps: Vec::new() }],
            source_column: None,
            steps: Vec::new(),
        }
    }

    /// The rows of these plans, one after another, and a column that names the plan of each row.
    ///
    /// # Errors
    /// `bad_option`: no plan, or two of a name; `bad_chain`: a plan is a concat itself, or has a step whose answer
    /// depends on all rows or that `format` begins; `reserved_column`.
    pub fn concat(plans: Vec<(String, Plan)>, column: String) -> Result<Plan> {
        let bad = |what: String| Error::new(Class::Plan, "bad_option", format!("concat: {what}"));
        if plans.is_empty() {
            return Err(bad("there is no plan".into()).help("give at least one: concat([a, b])"));
        }
        not_reserved("concat", &column)?;
        let mut parts: Vec<Part> = Vec::new();
        for (name, Plan { parts: of_plan, source_column, steps }) in plans {
            let (Ok([Part { source, .. }]), None) = (<[Part; 1]>::try_from(of_plan), source_column) else {
                let message = format!("concat: the plan `{name}` is a concat itself");
                return Err(
                    Error::new(Class::Plan, "bad_chain", message).help("give all plans to one concat")
                );
            };
            if parts.iter().any(|part| part.name == name) {
                return Err(bad(format!("two plans are called `{name}`")));
            }
            if let Some(step) = steps.iter().find(|step| !step.verb().is_of_one_source()) {
                let message = format!("concat: the plan `{name}` has the step {} already", step.name());
                return Err(Error::new(Class::Plan, "bad_chain", message).help(format!(
                    "put {0} after concat: concat([a, b]).{0}(…) treats all rows alike",
                    step.name()
                )));
            }
            parts.push(Part { name, source, steps });
        }
        Ok(Plan { parts, source_column: Some(column), steps: Vec::new() })
    }

    /// The plan with one more step.
    ///
    /// # Errors
    /// Those of [`Verb::check`](super::step::Verb::check); `bad_chain` after a `pack`.
    pub fn push(&self, step: Step) -> Result<Plan> {
        step.verb().check(&self.steps)?;
        let is_packed = self.steps.iter().any(|step| step.is::<Pack>());
        if is_packed && !(step.is::<Filter>() || step.is::<Head>() || step.is::<Shuffle>()) {
            let message = format!("{}: the rows are packed already", step.name());
            return Err(Error::new(Class::Plan, "bad_chain", message).help(format!(
                "put {} before pack: filter, head and shuffle alone may follow it",
                step.name()
            )));
        }
        let mut plan = self.clone();
        plan.steps.push(step);
        Ok(plan)
    }

    /// The names of sources and steps, in order.
    pub fn verbs(&self) -> Vec<&'static str> {
        let mut verbs = Vec::new();
        for part in &self.parts {
            verbs.push(part.source.verb());
            verbs.extend(part.steps.iter().map(Step::name));
        }
        verbs.extend(self.source_column.is_some().then_some("concat"));
        verbs.extend(self.steps.iter().map(Step::name));
        verbs
    }
}
