//! A plan: sources and steps, in order.

use super::reserved_names::not_reserved;
use super::source::SourceSpec;
use super::step::Step;
use super::verbs::{Filter, Head, Pack, Shuffle};
use crate::error::{Class, Error, Result};

/// A source of a plan, with the steps for its rows alone.
#[derive(Clone)]
pub struct Part {
    /// The name of the source in a concat; otherwise empty.
    pub name: String,
    /// Where rows come from.
    pub source: SourceSpec,
    /// The steps for its rows alone, in order; empty if the plan has one source.
    pub steps: Vec<Step>,
}

/// A plan: sources and steps. Immutable, and cheap to extend.
#[derive(Clone)]
pub struct Plan {
    /// The sources, in the order in which they are read; at least one.
    pub parts: Vec<Part>,
    /// The column that names the source of each row; none if there is one source.
    pub source_column: Option<String>,
    /// The steps for all rows, in order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// A plan with one source and no steps.
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
    /// `bad_option`: there is no plan, or two have the same name. `bad_chain`: a plan is a concat itself, or has a
    /// step that must come after a concat. `reserved_column`.
    pub fn concat(plans: Vec<(String, Plan)>, column: String) -> Result<Plan> {
        let bad = |problem: String| Error::new(Class::Plan, "bad_option", format!("concat: {problem}"));
        if plans.is_empty() {
            return Err(
                bad("`plans` must not be empty".into()).help("give at least one plan, as in concat([a, b])")
            );
        }
        not_reserved("concat", &column)?;
        let mut parts: Vec<Part> = Vec::new();
        for (name, Plan { parts: plan_parts, source_column, steps }) in plans {
            let (Ok([Part { source, .. }]), None) = (<[Part; 1]>::try_from(plan_parts), source_column) else {
                let message = format!("concat: the plan `{name}` is already a concat");
                return Err(
                    Error::new(Class::Plan, "bad_chain", message).help("pass all plans to one concat")
                );
            };
            if parts.iter().any(|part| part.name == name) {
                return Err(bad(format!("two plans have the name `{name}`")));
            }
            if let Some(step) = steps.iter().find(|step| !step.verb().may_precede_concat()) {
                let message = format!(
                    "concat: the plan `{name}` has the step {}, which must come after concat",
                    step.name()
                );
                return Err(Error::new(Class::Plan, "bad_chain", message)
                    .help(format!("put {0} after concat, as in concat([a, b]).{0}(…)", step.name())));
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
            let message = format!("{}: the rows are already packed", step.name());
            return Err(Error::new(Class::Plan, "bad_chain", message).help(format!(
                "put {} before pack; only filter, head and shuffle may come after it",
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
