//! The options of `Pipeline.inspect`.

use std::collections::BTreeMap;
use std::io::BufWriter;
use std::sync::Arc;

use pyo3::prelude::*;

use super::errors::to_python;
use super::function::PyFunction;
use super::gate::enter;
use super::tokenizer::{TokenizerSource, spec};
use super::writer::PyWriter;
use crate::engine::inspect::inspect;
use crate::engine::{Resources, interruptible};
use crate::error::{Class, Error, Result};
use crate::inspect::{Asked, Expected, Harm, RowLines, Rule, TokenCounter};
use crate::plan::resolve::to_inspect;
use crate::plan::{Plan, RuleColumns, TokenizerSpec};
use crate::store::Files;
use crate::word;

/// The options of `Pipeline.inspect`, as a dictionary.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct InspectOptions {
    /// Rows are counted by the values of these columns.
    by: Vec<String>,
    threads: Option<usize>,
    /// An object with a method `write`, which gets all rows of the findings as JSON lines.
    rows: Option<Py<PyAny>>,
    /// What [`spec`] takes.
    tokenizer: Option<TokenizerSource>,
    /// The most tokens of a row.
    context: Option<u64>,
    rules: Vec<RuleOptions>,
    expect: Vec<ExpectOptions>,
    /// The codes of findings that count for nothing, each with a reason.
    silence: BTreeMap<String, String>,
}

/// What is expected of a column or a role, as a dictionary.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct ExpectOptions {
    on: String,
    /// The fewest and the most characters.
    length: Option<(u64, Option<u64>)>,
    scripts: Vec<String>,
    pattern: Option<String>,
}

/// A rule of the user, as a dictionary.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct RuleOptions {
    name: String,
    why: String,
    repair: String,
    harm: String,
    /// The columns that it reads; none means all.
    columns: Option<Vec<String>>,
    /// A callable from an Arrow table to one of a Boolean column.
    function: Py<PyAny>,
}

impl RuleOptions {
    fn rule(self) -> Result<Rule> {
        let RuleOptions { name, why, repair, harm, columns, function } = self;
        let shown = format!("inspect: the rule {name:?}");
        let harm = word::find::<Harm>(&harm).map_err(|e| {
            Error::new(Class::Plan, "bad_option", format!("{shown}: `harm` {e}"))
                .help("say what the model learns from such rows")
        })?;
        let function = Arc::new(PyFunction { name: shown.clone(), callable: function });
        Ok(Rule { name, why, repair, harm, check: Arc::new(RuleColumns { columns, function, shown }) })
    }
}

impl InspectOptions {
    /// Looks at all rows of a plan, which are compared with those of another, and gives what was found as JSON.
    pub(super) fn inspect(self, py: Python<'_>, plan: &Plan, other: Option<Plan>) -> PyResult<String> {
        let InspectOptions { by, threads, rows, tokenizer, context, rules, expect, silence } = self;
        let expected = |given: ExpectOptions| {
            Expected::new(given.on, given.length, &given.scripts, given.pattern.as_deref())
        };
        let read = || -> Result<Asked> {
            Ok(Asked {
                counter: None,
                rendered: None,
                context,
                rules: rules.into_iter().map(RuleOptions::rule).collect::<Result<_>>()?,
                expected: expect.into_iter().map(expected).collect::<Result<_>>()?,
                silenced: silence,
            })
        };
        let mut asked = read().map_err(|e| to_python(py, &e))?;
        let tokenizer =
            tokenizer.map(|(path, json, names, as_text, label)| spec(path, json, names, as_text, label));
        asked.counter = enter(py, None, |cancel, interrupted| {
            let loaded = |spec: TokenizerSpec| -> Result<TokenCounter> {
                Ok(TokenCounter { tokenizer: spec.load()?, name: spec.label() })
            };
            interruptible(cancel, interrupted, || tokenizer.map(loaded).transpose())
        })?;
        let inspected = enter(py, None, |cancel, interrupted| {
            interruptible(cancel, interrupted, || to_inspect(plan, by, &asked, &Files::local(), cancel))
        })?;
        asked.rendered.clone_from(&inspected.rendered);
        let other = enter(py, None, |cancel, interrupted| {
            let resolved = |plan: Plan| {
                interruptible(cancel, interrupted, || {
                    to_inspect(&plan, Vec::new(), &Asked::default(), &Files::local(), cancel)
                })
            };
            other.map(resolved).transpose()
        })?;
        let found = enter(py, None, |cancel, interrupted| {
            let lines = rows.map(|rows| RowLines::new(Box::new(BufWriter::new(PyWriter(rows)))));
            let resources = Resources::from_env(threads)?;
            inspect(&inspected, other.as_ref(), asked, lines, resources, cancel, interrupted)
        })?;
        Ok(found.to_string())
    }
}
