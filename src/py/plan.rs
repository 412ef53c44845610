//! The class `Plan`: builds, resolves and runs plans.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use arrow::datatypes::Schema;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3_arrow::PyTable;
use serde_json::{Value, json};

use super::arrow::ArrowStream;
use super::constants;
use super::errors::to_python;
use super::function::PyFunction;
use super::gate::{Progress, enter};
use super::inspect_options::InspectOptions;
use super::reader::PyReader;
use super::report::PyReport;
use super::rows::PyRows;
use super::stdin::Stdin;
use super::tokenizer::spec;
use crate::engine::collect::{check, collect};
use crate::engine::publish::{MaxRejects, Target, sink};
use crate::engine::result_errors::nothing_left;
use crate::engine::{Resources, interruptible};
use crate::error::{Class, Error, Result};
use crate::inspect::FINDINGS;
use crate::limits::{MAX_LINE_BYTES, PREVIEW_ROWS, SHARD_BYTES};
use crate::plan::resolve::recognise;
use crate::plan::verbs::{
    Balance, Filter, Head, MapBatches, Mix, Pack, ResolveConflicts, Sample, Shuffle, SuppliedFunction,
    Tokenize, WithColumns,
};
use crate::plan::{Named, Plan, Resolved, SourceSpec, Step, resolve};
use crate::read::named_format::named_format;
use crate::read::splits::SPLIT;
use crate::record::{finding, reason, schema};
use crate::store::Files;
use crate::word::Word;
use crate::write::{Compression, MakeReport};

/// The plan of a `Pipeline`, and a callable for progress.
#[pyclass(frozen, name = "Plan", module = "fastprep._fastprep")]
pub(crate) struct PyPlan(Plan, Option<Arc<Py<PyAny>>>);

/// Gives a step the function or tokenizer that its JSON cannot hold.
fn supply(step: &mut Step, given: Bound<'_, PyAny>) -> PyResult<()> {
    let function = |verb: &str, name: Option<&str>| -> PyResult<SuppliedFunction> {
        let (callable, shown): (Py<PyAny>, String) = given.extract()?;
        let name = format!("{verb} {}", name.unwrap_or(&shown));
        Ok(SuppliedFunction::new(Arc::new(PyFunction { name, callable }), shown))
    };
    if let Some(verb) = step.get_mut::<Filter>() {
        verb.function = function(Filter::NAME, None)?;
    } else if let Some(verb) = step.get_mut::<WithColumns>() {
        verb.function = function(WithColumns::NAME, None)?;
    } else if let Some(verb) = step.get_mut::<MapBatches>() {
        verb.function = function(MapBatches::NAME, Some(&verb.function_name))?;
    } else if let Some(verb) = step.get_mut::<Tokenize>() {
        let (json, names, encode_special_tokens, label) = given.extract()?;
        verb.tokenizer = spec(None, Some(json), names, encode_special_tokens, label);
    } else {
        return Err(PyTypeError::new_err(format!(
            "the step {} cannot have a function or a tokenizer",
            step.name()
        )));
    }
    Ok(())
}

impl PyPlan {
    fn new(plan: Plan) -> Self {
        PyPlan(plan, None)
    }

    fn resolve(&self, py: Python<'_>) -> PyResult<Resolved> {
        let plan = self.0.clone();
        enter(py, None, |cancel, interrupted| {
            interruptible(cancel, interrupted, || resolve(&plan, &Files::local(), cancel))
        })
    }
}

#[pymethods]
impl PyPlan {
    /// Files of a format, by its name and the JSON of its options.
    #[staticmethod]
    fn scan_files(py: Python<'_>, format: &str, inputs: Vec<PathBuf>, options: &str) -> PyResult<Self> {
        let options = serde_json::from_str(options)
            .map_err(|e| Error::internal("the options of a format are not an object").source(e));
        let format = options.and_then(|options| named_format(format, options));
        let format = format.map_err(|e| to_python(py, &e))?;
        Ok(PyPlan::new(Plan::new(SourceSpec::Files { format, inputs })))
    }

    /// JSON lines from standard input.
    #[staticmethod]
    fn scan_stdin(max_line_bytes: usize) -> Self {
        PyPlan::new(Plan::new(SourceSpec::Reader {
            name: crate::read::lines::STDIN.into(),
            stream: Arc::new(Stdin::default()),
            max_line_bytes,
            peeked: Arc::default(),
        }))
    }

    /// An object with an Arrow stream. `once` says that it can be opened only once, `same` that it has the same rows
    /// each time; `splits` names the values of its column of splits.
    #[staticmethod]
    fn from_arrow(name: String, data: Py<PyAny>, once: bool, same: bool, splits: Vec<String>) -> Self {
        let stream = ArrowStream::new(name.clone(), data, once, same, splits);
        PyPlan::new(Plan::new(SourceSpec::Arrow { name, stream: Arc::new(stream) }))
    }

    #[staticmethod]
    fn from_reader(name: String, make: Py<PyAny>, again: bool) -> Self {
        PyPlan::new(Plan::new(SourceSpec::Reader {
            name: name.clone(),
            stream: Arc::new(PyReader { name, make, again, opened: Mutex::new(false) }),
            max_line_bytes: MAX_LINE_BYTES,
            peeked: Arc::default(),
        }))
    }

    /// The rows of these plans, one after another; `column` names the plan of each row.
    #[staticmethod]
    fn concat(
        py: Python<'_>,
        names: Vec<String>,
        plans: Vec<PyRef<'_, PyPlan>>,
        column: String,
    ) -> PyResult<Self> {
        let plans = names.into_iter().zip(plans.iter().map(|plan| plan.0.clone())).collect();
        Plan::concat(plans, column).map(PyPlan::new).map_err(|e| to_python(py, &e))
    }

    /// The JSON of the plan, with its own paths; sources in memory are read for their digests.
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        let plan = self.0.clone();
        let made = enter(py, None, |cancel, interrupted| {
            interruptible(cancel, interrupted, || plan.to_json(cancel))
        })?;
        Ok(made.to_string())
    }

    fn verbs(&self) -> Vec<&'static str> {
        self.0.verbs()
    }

    /// The plan with one more step, from its JSON for [`Step::from_json`]. `given` is what JSON cannot hold: a
    /// function over Arrow tables, or a tokenizer in memory.
    #[pyo3(signature = (step, given=None))]
    fn push(&self, py: Python<'_>, step: &str, given: Option<Bound<'_, PyAny>>) -> PyResult<Self> {
        let parsed = serde_json::from_str(step)
            .map_err(|e| Error::new(Class::Plan, "bad_plan", format!("a step must be JSON: {e}")));
        let mut step = parsed.and_then(Step::from_json).map_err(|e| to_python(py, &e))?;
        if let Some(given) = given {
            supply(&mut step, given)?;
        }
        self.0.push(step).map(PyPlan::new).map_err(|e| to_python(py, &e))
    }

    /// The plan for only the first rows of the input, [`PREVIEW_ROWS`] or `rows` if that is more. Without the steps that
    /// need all rows: shuffle, sample, resolve_conflicts, balance and mix; and without those after pack. The weights of balance
    /// are those of these rows.
    fn on_first_rows(&self, py: Python<'_>, rows: usize) -> PyResult<Self> {
        let steps = self.0.steps.as_slice();
        let end = steps.iter().position(|step| step.is::<Pack>()).map_or(steps.len(), |at| at + 1);
        if end < steps.len() {
            // The steps that are omitted must be valid too.
            self.resolve(py)?;
        }
        let needs_all = |step: &Step| {
            // Later steps may use the column of weights.
            let takes_rows = step.get::<Balance>().is_some_and(|step| !step.adds_weights());
            takes_rows
                || step.is::<Mix>()
                || step.is::<Shuffle>()
                || step.is::<Sample>()
                || step.is::<ResolveConflicts>()
        };
        let kept = steps.iter().take(end).filter(|step| !needs_all(step));
        let steps =
            std::iter::once(Step::from(Head { rows: PREVIEW_ROWS.max(rows) })).chain(kept.cloned()).collect();
        Ok(PyPlan::new(Plan { steps, ..self.0.clone() }))
    }

    /// What the rows are, by a look at the first rows of each file, as JSON.
    fn dialect(&self, py: Python<'_>) -> PyResult<String> {
        let plan = self.0.clone();
        let (found, files) = enter(py, None, |cancel, interrupted| {
            interruptible(cancel, interrupted, || recognise(&plan, &Files::local(), cancel))
        })?;
        Ok(found.to_json(&files).to_string())
    }

    fn explain(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.resolve(py)?.explain())
    }

    fn schema(&self, py: Python<'_>) -> PyResult<Vec<(String, String)>> {
        Ok(self.resolve(py)?.visible())
    }

    fn token_texts(&self, py: Python<'_>, ids: Vec<i32>) -> PyResult<Vec<String>> {
        let step = self.0.steps.iter().find_map(Step::get::<Tokenize>);
        let step = step.ok_or_else(|| to_python(py, &Error::internal("the plan has no tokenizer")))?;
        step.tokenizer.load().and_then(|t| t.token_texts(&ids)).map_err(|e| to_python(py, &e))
    }

    #[expect(clippy::too_many_arguments, reason = "the options of all sinks")]
    fn sink(
        &self,
        py: Python<'_>,
        dir: PathBuf,
        formats: Vec<String>,
        compression: Option<&str>,
        overwrite: bool,
        max_rejects: Option<u64>,
        max_reject_share: Option<f64>,
        shard_bytes: Option<u64>,
        threads: Option<usize>,
        report: Option<Py<PyAny>>,
    ) -> PyResult<String> {
        let start = Instant::now();
        let compression = compression.map_or(Ok(Compression::None), constants::compression);
        let compression = compression.map_err(|e| to_python(py, &e))?;
        let formats = formats.iter().map(|f| constants::format(f, compression)).collect::<Result<Vec<_>>>();
        let plan = self.resolve(py)?;
        // A job takes one file of conversations.
        let whole = plan.description.target.is_some();
        let target = Target {
            dir,
            overwrite,
            formats: formats.map_err(|e| to_python(py, &e))?,
            shard_bytes: shard_bytes.unwrap_or(if whole { u64::MAX } else { SHARD_BYTES }),
            max_rejects: max_rejects.map(MaxRejects::Rows).or(max_reject_share.map(MaxRejects::Share)),
            report: report.map(|report| -> Arc<dyn MakeReport> { Arc::new(PyReport(report)) }),
        };
        let total = plan.job.input_bytes();
        let progress = self.1.as_ref().map(|callable| Progress { callable: callable.clone_ref(py), total });
        let mut report = enter(py, progress.as_ref(), |cancel, interrupted| {
            sink(&plan, &target, Resources::from_env(threads)?, Files::local(), cancel, interrupted)
        })?
        .to_json();
        let seconds = start.elapsed().as_secs_f64();
        report["seconds"] = json!(seconds);
        let rate = |amount: &Value| json!(amount.as_f64().unwrap_or(0.0) / seconds.max(1e-9));
        report["mb_per_s"] = json!(rate(&report["bytes_read"]).as_f64().unwrap_or(0.0) / 1e6);
        report["rows_per_s"] = rate(&report["rows"]["read"]);
        Ok(report.to_string())
    }

    /// The plan with a callable for progress. `sink` calls it several times a second with the phase (`read`,
    /// `shuffle`, `pack`, `choose`, `inspect`, `publish`), the stored bytes read, and the stored bytes of the input if
    /// known. A plan that is derived from this one does not call it.
    fn with_progress(&self, callable: Py<PyAny>) -> Self {
        PyPlan(self.0.clone(), Some(Arc::new(callable)))
    }

    /// Runs the plan without keeping rows, and returns the report.
    fn check(&self, py: Python<'_>) -> PyResult<String> {
        let plan = self.resolve(py)?;
        let report = enter(py, None, |cancel, interrupted| {
            check(&plan, Resources::from_env(None)?, cancel, interrupted)
        })?;
        Ok(report.to_string())
    }

    /// Looks at all rows, which are compared with those of the plan `against`, and returns what was found as JSON.
    fn inspect(
        &self,
        py: Python<'_>,
        against: Option<PyRef<'_, PyPlan>>,
        options: InspectOptions,
    ) -> PyResult<String> {
        options.inspect(py, &self.0, against.map(|plan| plan.0.clone()))
    }

    /// The rows as a table, the report, and if no rows are left of those read, an error with the reasons.
    fn collect(
        &self,
        py: Python<'_>,
        threads: Option<usize>,
    ) -> PyResult<(PyTable, String, Option<Py<PyAny>>)> {
        let plan = self.resolve(py)?;
        check_split_column("collect", &plan).map_err(|e| to_python(py, &e))?;
        let collected = enter(py, None, |cancel, interrupted| {
            collect(&plan, Resources::from_env(threads)?, cancel, interrupted)
        })?;
        let schema = match collected.batches.first() {
            Some(batch) => batch.schema(),
            None => Arc::new(rows_schema(&plan)),
        };
        let error = nothing_left(&collected.report).map(|e| to_python(py, &e).into_value(py).into_any());
        Ok((PyTable::try_new(collected.batches, schema)?, collected.report.to_string(), error))
    }

    /// A table without rows, with the columns that `collect` and `rows` give.
    fn no_rows(&self, py: Python<'_>) -> PyResult<PyTable> {
        let plan = self.resolve(py)?;
        check_split_column("to_lazyframe", &plan).map_err(|e| to_python(py, &e))?;
        PyTable::try_new(Vec::new(), Arc::new(rows_schema(&plan)))
    }

    /// Starts a run whose rows are taken batch by batch.
    fn rows(&self, py: Python<'_>, threads: Option<usize>) -> PyResult<PyRows> {
        let plan = self.resolve(py)?;
        let started = Resources::from_env(threads).and_then(|resources| PyRows::start(plan, resources));
        started.map_err(|e| to_python(py, &e))
    }
}

/// The columns of rows in memory: those that a sink writes, then the split of each row where rows have one.
fn rows_schema(plan: &Resolved) -> Schema {
    let visible = plan.job.schema.fields().iter().filter(|f| !schema::is_hidden(f.name()));
    let mut fields: Vec<_> = visible.cloned().collect();
    if plan.job.schema.index_of(schema::SPLIT).is_ok() {
        fields.push(Arc::new(schema::text(SPLIT)));
    }
    Schema::new(fields)
}

/// Fails if rows in memory would have two columns `split`; the error names `verb`.
fn check_split_column(verb: &str, plan: &Resolved) -> Result<()> {
    if plan.job.split_names.len() > 1 && plan.visible().iter().any(|(name, _)| name == SPLIT) {
        let message = format!(
            "{verb}: the rows already have a column `split`, the name of the column for the split of each row"
        );
        let e = Error::new(Class::Column, "duplicate_column", message);
        return Err(e.column(SPLIT).help("rename it before split"));
    }
    Ok(())
}

/// Verifies a prepared folder, and returns the report as JSON.
#[pyfunction]
pub fn verify(py: Python<'_>, dir: PathBuf) -> PyResult<String> {
    let report = enter(py, None, |cancel, interrupted| {
        interruptible(cancel, interrupted, || crate::artifact::verify(&Files::local(), &dir, cancel))
    })?;
    let problems: Vec<Value> =
        report.problems.iter().map(|p| json!({"file": p.file, "what": p.what})).collect();
    Ok(json!({
        "files": report.files,
        "rows": report.rows,
        "bytes": report.bytes,
        "problems": problems,
        "unexpected": report.unexpected,
    })
    .to_string())
}

/// The registry of reason codes: code and meaning.
#[pyfunction]
pub(crate) fn reasons() -> Vec<(&'static str, &'static str)> {
    reason::REASONS.iter().map(|r| (r.code, r.about)).collect()
}

/// The registry of the findings of `inspect`: code, title, why it matters, what repairs it, whether it is a hint, and the
/// harm.
#[pyfunction]
pub(crate) fn inspect_findings()
-> Vec<(&'static str, &'static str, &'static str, &'static str, bool, &'static str)> {
    FINDINGS.iter().map(|f| (f.code, f.title, f.why, f.repair, f.is_hint, f.harm.name())).collect()
}

/// The registry of findings: code, meaning, and what to do about it.
#[pyfunction]
pub(crate) fn findings() -> Vec<(&'static str, &'static str, &'static str)> {
    finding::KINDS.iter().map(|kind| (kind.code, kind.about, kind.fix)).collect()
}
