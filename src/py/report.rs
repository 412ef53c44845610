//! A Python callable that makes the report of a sink.

use pyo3::prelude::*;
use serde_json::Value;

use super::errors::from_python;
use crate::error::Result;
use crate::write::{MakeReport, ReportFiles};

/// Takes what a run did as JSON, and returns the texts of `report.json`, `report.md` and `report.html`.
#[derive(Debug)]
pub(super) struct PyReport(pub(super) Py<PyAny>);

impl MakeReport for PyReport {
    fn make(&self, run: &Value) -> Result<ReportFiles> {
        Python::attach(|py| {
            let made = self.0.call1(py, (run.to_string(),)).and_then(|made| made.extract(py));
            let (json, markdown, html) = made.map_err(|e: PyErr| from_python(py, e, "the report"))?;
            Ok(ReportFiles { json, markdown, html })
        })
    }
}
