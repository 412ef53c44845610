//! `Plan`: one method a verb; what Python says loosely becomes an enum here.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use arrow::datatypes::Schema;
use pyo3::prelude::*;
use pyo3_arrow::PyTable;
use serde_json::{Value, json};

use super::arrow::Stream;
use super::errors::to_python;
use super::format::PyPromptFormat;
use super::function::PyFunction;
use super::gate::{Progress, enter};
use super::reader::{Made, Stdin};
use super::tokenizer::spec;
use crate::dedup::Normalize;
use crate::disk::Disk;
use crate::engine::attended;
use crate::engine::outcome::nothing_left;
use crate::engine::prepare::{Knobs, MaxRejects, Target, check, collect, sink};
use crate::error::{Class, Error, Result, did_you_mean};
use crate::format::OnCollision;
use crate::limits::{MAX_LINE_BYTES, PREVIEW_ROWS, SHARD_BYTES};
use crate::plan::verbs::{
    Dedup, Drop, Filter, Format, Head, MapBatches, Pack, Rename, Restore, Select, Shuffle, Split, Tokenize,
    Validate, WithColumns,
    WithRowIndex,
};
use crate::plan::{Plan, Resolved, SourceSpec, Step, resolve};
use crate::record::{Policy, SpecialPolicy, reason, schema};
use crate::split::{Existing, SplitOptions};
use crate::tokenize::OnOverflow;
use crate::validate::{Check, Rule};
use crate::write::{Compression, Format as ShardFormat};

/// The plan behind a `Pipeline`.
#[pyclass(frozen, name = "Plan", module = "fastprep._fastprep")]
pub struct PyPlan(Plan, Option<Arc<Py<PyAny>>>);

/// One of the words an option takes.
pub(super) fn word<T: Copy>(option: &str, given: &str, known: &[(&str, T)]) -> Result<T> {
    known.iter().find(|(name, _)| *name == given).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let meant = did_you_mean(given, names.iter().copied());
        let message = format!("{option}=\"{given}\" is none of {}{meant}", names.join(", "));
        Error::new(Class::Plan, "bad_option", message)
    })
}

const POLICIES: [(&str, Policy); 3] =
    [("reject", Policy::Reject), ("drop", Policy::Drop), ("raise", Policy::Raise)];

impl PyPlan {
    fn new(plan: Plan) -> Self {
        PyPlan(plan, None)
    }

    fn push(&self, py: Python<'_>, step: Result<Step>) -> PyResult<PyPlan> {
        step.and_then(|step| self.0.push(step)).map(PyPlan::new).map_err(|e| to_python(py, &e))
    }

    fn resolve(&self, py: Python<'_>) -> PyResult<Resolved> {
        let plan = self.0.clone();
        enter(py, None, |cancel, interrupted| attended(cancel, interrupted, || resolve(&plan, cancel)))
    }
}

#[pymethods]
impl PyPlan {
    #[staticmethod]
    fn scan_jsonl(inputs: Vec<PathBuf>, max_line_bytes: usize) -> Self {
        if inputs == [Path::new("-")] {
            return PyPlan::new(Plan::new(SourceSpec::Reader {
                name: crate::read::lines::STDIN.into(),
                stream: Arc::new(Stdin::default()),
                max_line_bytes,
                peeked: Arc::default(),
            }));
        }
        PyPlan::new(Plan::new(SourceSpec::Jsonl { inputs, max_line_bytes }))
    }

    #[staticmethod]
    fn scan_parquet(inputs: Vec<PathBuf>) -> Self {
        PyPlan::new(Plan::new(SourceSpec::Parquet { inputs }))
    }

    #[staticmethod]
    fn from_arrow(name: String, data: Py<PyAny>, once: bool) -> Self {
        PyPlan::new(Plan::new(SourceSpec::Arrow {
            name: name.clone(),
            stream: Arc::new(Stream::new(name, data, once)),
        }))
    }

    #[staticmethod]
    fn from_reader(name: String, make: Py<PyAny>, again: bool) -> Self {
        PyPlan::new(Plan::new(SourceSpec::Reader {
            name: name.clone(),
            stream: Arc::new(Made { name, make, again, opened: Mutex::new(false) }),
            max_line_bytes: MAX_LINE_BYTES,
            peeked: Arc::default(),
        }))
    }

    fn verbs(&self) -> Vec<&'static str> {
        std::iter::once(self.0.source.verb()).chain(self.0.steps.iter().map(Step::name)).collect()
    }

    fn select(&self, py: Python<'_>, names: Vec<String>) -> PyResult<Self> {
        self.push(py, Ok(Step::Select(Select { columns: names })))
    }

    fn drop(&self, py: Python<'_>, names: Vec<String>) -> PyResult<Self> {
        self.push(py, Ok(Step::Drop(Drop { columns: names })))
    }

    fn with_row_index(&self, py: Python<'_>, column: String, offset: i64) -> PyResult<Self> {
        self.push(py, Ok(Step::WithRowIndex(WithRowIndex { column, offset })))
    }

    fn rename(&self, py: Python<'_>, pairs: Vec<(String, String)>) -> PyResult<Self> {
        self.push(py, Ok(Step::Rename(Rename { columns: pairs })))
    }

    fn filter(
        &self,
        py: Python<'_>,
        columns: Vec<String>,
        label: String,
        callable: Py<PyAny>,
    ) -> PyResult<Self> {
        let function = Arc::new(PyFunction { name: format!("filter {label}"), callable });
        self.push(py, Ok(Step::Filter(Filter { columns, label, function })))
    }

    fn with_columns(
        &self,
        py: Python<'_>,
        columns: Vec<String>,
        names: Vec<String>,
        label: String,
        callable: Py<PyAny>,
    ) -> PyResult<Self> {
        let function = Arc::new(PyFunction { name: format!("with_columns {label}"), callable });
        self.push(py, Ok(Step::WithColumns(WithColumns { columns, names, label, function })))
    }

    fn map_batches(
        &self,
        py: Python<'_>,
        name: String,
        version: Option<String>,
        callable: Py<PyAny>,
    ) -> PyResult<Self> {
        let function = Arc::new(PyFunction { name: format!("map_batches {name}"), callable });
        self.push(py, Ok(Step::MapBatches(MapBatches { function_name: name, version, function })))
    }

    fn head(&self, py: Python<'_>, rows: usize) -> PyResult<Self> {
        self.push(py, Ok(Step::Head(Head { rows })))
    }

    /// The plan for the first rows of the input alone, [`PREVIEW_ROWS`] or `rows` where that is more; without shuffle
    /// and pack, which need them all.
    fn on_first_rows(&self, rows: usize) -> Self {
        let kept = self.0.steps.iter().filter(|s| !matches!(s, Step::Shuffle(_) | Step::Pack(_)));
        let steps =
            std::iter::once(Step::Head(Head { rows: PREVIEW_ROWS.max(rows) })).chain(kept.cloned()).collect();
        PyPlan::new(Plan { source: self.0.source.clone(), steps })
    }

    fn validate(
        &self,
        py: Python<'_>,
        rules: Vec<(String, String, Option<Bound<'_, PyAny>>)>,
        policy: &str,
    ) -> PyResult<Self> {
        let rules = rules
            .into_iter()
            .map(|(column, name, value)| {
                let value = || value.ok_or_else(|| pyo3::exceptions::PyValueError::new_err("no value"));
                let check = match name.as_str() {
                    "required" => Check::Required,
                    "not_blank" => Check::NotBlank,
                    "min_chars" => Check::MinChars(value()?.extract()?),
                    "max_chars" => Check::MaxChars(value()?.extract()?),
                    _ => Check::Allowed(value()?.extract()?),
                };
                Ok(Rule { column, check })
            })
            .collect::<PyResult<Vec<_>>>()?;
        self.push(
            py,
            word("on_invalid", policy, &POLICIES)
                .map(|on_invalid| Step::Validate(Validate { rules, on_invalid })),
        )
    }

    #[pyo3(signature = (format, on_collision, rendered_by=None))]
    fn format(
        &self,
        py: Python<'_>,
        format: &PyPromptFormat,
        on_collision: &str,
        rendered_by: Option<&PyPromptFormat>,
    ) -> PyResult<Self> {
        let format = Arc::clone(&format.0);
        let rendered_by = rendered_by.map(|format| Arc::clone(&format.0));
        let known = [
            ("reject", OnCollision::Remove(Policy::Reject)),
            ("drop", OnCollision::Remove(Policy::Drop)),
            ("raise", OnCollision::Remove(Policy::Raise)),
            ("insert_space", OnCollision::InsertSpace),
        ];
        let step = word("on_collision", on_collision, &known);
        self.push(py, step.map(|on_collision| Step::Format(Format { format, on_collision, rendered_by })))
    }

    fn dedup(
        &self,
        py: Python<'_>,
        on: Option<Vec<String>>,
        normalize: Vec<String>,
        verify: bool,
        keepers: bool,
        against: Vec<PathBuf>,
    ) -> PyResult<Self> {
        let mut level = Normalize::default();
        for part in &normalize {
            let known = [("unicode", 0), ("case", 1), ("whitespace", 2)];
            match word("normalize", part, &known).map_err(|e| to_python(py, &e))? {
                0 => level.unicode = true,
                1 => level.case = true,
                _ => level.whitespace = true,
            }
        }
        self.push(py, Ok(Step::Dedup(Dedup { on, normalize: level, verify, keepers, against })))
    }

    fn split(
        &self,
        py: Python<'_>,
        shares: Vec<(String, f64)>,
        seed: u64,
        by: Option<Vec<String>>,
        report_by: Option<String>,
        existing: Option<&str>,
    ) -> PyResult<Self> {
        let known = [Existing::Keep, Existing::Replace].map(|existing| (existing.name(), existing));
        let existing = existing.map(|given| word("existing", given, &known)).transpose();
        let step = existing.map(|existing| {
            Step::Split(Split { options: SplitOptions { shares, seed, report_by, existing }, by })
        });
        self.push(py, step)
    }

    #[expect(clippy::too_many_arguments, reason = "the one call behind tokenize, which names them all")]
    fn tokenize(
        &self,
        py: Python<'_>,
        path: Option<PathBuf>,
        json: Option<String>,
        names: HashMap<String, Option<String>>,
        encode_special_tokens: bool,
        label: String,
        max_length: Option<usize>,
        on_overflow: &str,
        special_tokens: &str,
        keep_text: bool,
        add_bos: bool,
        verify: Option<u64>,
    ) -> PyResult<Self> {
        let tokenizer = spec(path, json, names, encode_special_tokens, label);
        let overflow = [
            OnOverflow::Reject,
            OnOverflow::Drop,
            OnOverflow::Raise,
            OnOverflow::TruncatePromptLeft,
            OnOverflow::TruncateCompletion,
        ]
        .map(|o| (o.name(), o));
        let special = [
            SpecialPolicy::Remove(Policy::Reject),
            SpecialPolicy::Remove(Policy::Drop),
            SpecialPolicy::Remove(Policy::Raise),
            SpecialPolicy::Strip,
            SpecialPolicy::AsText,
            SpecialPolicy::AsToken,
        ]
        .map(|s| (s.name(), s));
        let step = word("on_overflow", on_overflow, &overflow).and_then(|on_overflow| {
            let special_tokens = word("special_tokens", special_tokens, &special)?;
            Ok(Step::Tokenize(Box::new(Tokenize {
                tokenizer,
                max_length,
                on_overflow,
                special_tokens,
                keep_text,
                add_bos,
                verify,
            })))
        });
        self.push(py, step)
    }

    fn restore(
        &self,
        py: Python<'_>,
        format: &PyPromptFormat,
        column: String,
        splits: Vec<String>,
    ) -> PyResult<Self> {
        self.push(py, Ok(Step::Restore(Restore { format: Arc::clone(&format.0), column, splits })))
    }

    fn pack(&self, py: Python<'_>, max_length: Option<usize>, seed: u64) -> PyResult<Self> {
        self.push(py, Ok(Step::Pack(Pack { max_length, seed })))
    }

    fn shuffle(&self, py: Python<'_>, seed: u64) -> PyResult<Self> {
        self.push(py, Ok(Step::Shuffle(Shuffle { seed })))
    }

    fn explain(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.resolve(py)?.explain())
    }

    fn schema(&self, py: Python<'_>) -> PyResult<Vec<(String, String)>> {
        Ok(self.resolve(py)?.visible())
    }

    fn token_texts(&self, py: Python<'_>, ids: Vec<i32>) -> PyResult<Vec<String>> {
        let step = self.0.steps.iter().find_map(Step::as_tokenize);
        let step = step.ok_or_else(|| to_python(py, &Error::internal("the plan has no tokenizer")))?;
        step.tokenizer.load().and_then(|t| t.token_texts(&ids)).map_err(|e| to_python(py, &e))
    }

    #[expect(clippy::too_many_arguments, reason = "the one call behind the sinks, which name them all")]
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
    ) -> PyResult<String> {
        let start = Instant::now();
        let compression = match compression {
            None => Compression::None,
            Some(name) => {
                let known = [("gzip", Compression::Gzip), ("zstd", Compression::Zstd)];
                word("compression", name, &known).map_err(|e| to_python(py, &e))?
            }
        };
        let known = [("arrow", ShardFormat::Arrow), ("jsonl", ShardFormat::Jsonl { compression })];
        let formats = formats.iter().map(|f| word("formats", f, &known)).collect::<Result<Vec<_>>>();
        let target = Target {
            dir,
            overwrite,
            formats: formats.map_err(|e| to_python(py, &e))?,
            shard_bytes: shard_bytes.unwrap_or(SHARD_BYTES),
            max_rejects: max_rejects.map(MaxRejects::Rows).or(max_reject_share.map(MaxRejects::Share)),
        };
        let plan = self.resolve(py)?;
        let total = plan.found.input_bytes();
        let progress = self.1.as_ref().map(|callable| Progress { callable: callable.clone_ref(py), total });
        let mut report: Value = enter(py, progress.as_ref(), |cancel, interrupted| {
            sink(&plan, &target, Knobs::from_env(threads)?, Disk::real(), cancel, interrupted)
        })?;
        let seconds = start.elapsed().as_secs_f64();
        report["seconds"] = json!(seconds);
        let rate = |amount: &Value| json!(amount.as_f64().unwrap_or(0.0) / seconds.max(1e-9));
        report["mb_per_s"] = json!(rate(&report["bytes_read"]).as_f64().unwrap_or(0.0) / 1e6);
        report["rows_per_s"] = rate(&report["rows"]["read"]);
        Ok(report.to_string())
    }

    /// The plan, whose `sink` calls this several times a second with the name of what it does (`read`, `shuffle`,
    /// `pack`, `publish`), with the stored bytes read, and with all of them where they are known. A plan with further
    /// steps does not call it.
    fn with_progress(&self, callable: Py<PyAny>) -> Self {
        PyPlan(self.0.clone(), Some(Arc::new(callable)))
    }

    /// Runs and keeps no row; the report.
    fn check(&self, py: Python<'_>) -> PyResult<String> {
        let plan = self.resolve(py)?;
        let report =
            enter(py, None, |cancel, interrupted| check(&plan, Knobs::from_env(None)?, cancel, interrupted))?;
        Ok(report.to_string())
    }

    /// The rows as a table, the report, and where no row is left of those read, an error that says why.
    fn collect(
        &self,
        py: Python<'_>,
        threads: Option<usize>,
    ) -> PyResult<(PyTable, String, Option<Py<PyAny>>)> {
        let plan = self.resolve(py)?;
        if plan.split_names.len() > 1 && plan.visible().iter().any(|(name, _)| name == "split") {
            let e = Error::new(
                Class::Column,
                "duplicate_column",
                "collect: there is a column `split`, and the split of each row would be called so too",
            );
            return Err(to_python(py, &e.column("split").help("rename it before split")));
        }
        let collected = enter(py, None, |cancel, interrupted| {
            collect(&plan, Knobs::from_env(threads)?, cancel, interrupted)
        })?;
        let schema = match collected.batches.first() {
            Some(batch) => batch.schema(),
            None => {
                let fields = plan.schema.fields().iter().filter(|f| !schema::is_hidden(f.name()));
                Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()))
            }
        };
        let why = nothing_left(&collected.report).map(|e| to_python(py, &e).into_value(py).into_any());
        Ok((PyTable::try_new(collected.batches, schema)?, collected.report.to_string(), why))
    }
}

/// Reads a prepared folder back; the report as JSON.
#[pyfunction]
pub fn verify(py: Python<'_>, dir: PathBuf) -> PyResult<String> {
    let report = enter(py, None, |cancel, interrupted| {
        attended(cancel, interrupted, || crate::artifact::verify(&dir, cancel))
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
pub fn reasons() -> Vec<(&'static str, &'static str)> {
    reason::REASONS.iter().map(|r| (r.code, r.about)).collect()
}
