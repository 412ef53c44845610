//! What was found, as JSON.

use serde_json::{Value, json};

use super::limit::Severity;
use super::sink::{File, Lint, Part};
use super::table::{describe, limit_json};

impl Lint {
    /// What was found: the errors first, then the warnings, each in the order of the table.
    pub(crate) fn to_json(&self) -> Value {
        let mut problems = Vec::new();
        for severity in [Severity::Error, Severity::Warning] {
            let limits = self.target.limits().zip(&self.breaches);
            for (limit, breaches) in limits.filter(|(limit, b)| limit.severity == severity && b.count > 0) {
                let mut problem = limit_json(limit);
                problem["count"] = breaches.count.into();
                problem["places"] = breaches
                    .first
                    .iter()
                    .map(|(file, broken)| {
                        let shown = self.files.get(*file).map(|file| &file.shown);
                        json!({"file": shown, "line": broken.line, "detail": broken.detail})
                    })
                    .collect();
                problems.push(problem);
            }
        }
        let is_refused = self
            .target
            .limits()
            .zip(&self.breaches)
            .any(|(limit, breaches)| limit.severity == Severity::Error && breaches.count > 0);
        let of = |part: Part| self.files.iter().filter(move |file| file.part == part);
        let mut json = describe(self.target);
        json["refused"] = is_refused.into();
        json["files"] = of(Part::Train).chain(of(Part::Valid)).map(file_json).collect();
        json["problems"] = problems.into();
        json
    }
}

fn file_json(file: &File) -> Value {
    json!({
        "file": file.shown,
        "part": file.part.name(),
        "bytes": file.facts.bytes,
        "rows": file.rows,
        "lines_not_read": file.unread,
    })
}
