//! A resolved plan.

use super::description::Description;
use super::job::Job;
use crate::plan::explain_lines::line;
use crate::record::schema;

/// A plan whose columns are known and whose defaults are all decided.
pub struct Resolved {
    /// The sources and stages to run.
    pub(crate) job: Job,
    /// What manifests, reports and `explain` show of it.
    pub(crate) description: Description,
}

impl Resolved {
    /// The whole plan, a line per step, and what a sink would write.
    pub(crate) fn explain(&self) -> String {
        let columns: Vec<String> =
            self.visible().into_iter().map(|(name, type_name)| format!("{name} {type_name}")).collect();
        let mut lines = self.description.lines.clone();
        lines.push(line(
            "sink",
            &format!("{}: {}", self.job.split_names.join(", "), columns.join(", ")),
            "ordered",
        ));
        lines.join("\n")
    }

    /// Names and types of the columns that a sink writes.
    pub(crate) fn visible(&self) -> Vec<(String, String)> {
        let visible = self.job.schema.fields().iter().filter(|f| !schema::is_hidden(f.name()));
        visible.map(|f| (f.name().clone(), schema::type_name(f))).collect()
    }
}
