//! The plan for people: a line a step, in the order they were said; details are indented.

use super::Resolved;

/// A step's line: its verb, what it does with every default decided, and its kind.
pub fn line(verb: &str, text: &str, kind: &str) -> String {
    format!("{:<12} {}  [{kind}]", verb.to_uppercase(), text.replace('\n', "\\n"))
}

/// A line that belongs to the step above.
pub fn detail(text: &str) -> String {
    format!("{:<13}{text}", "")
}

impl Resolved {
    /// The whole plan, and what a sink would write.
    pub fn explain(&self) -> String {
        let columns: Vec<String> =
            self.visible().into_iter().map(|(name, type_name)| format!("{name} {type_name}")).collect();
        let mut lines = self.about.lines.clone();
        lines.push(line(
            "sink",
            &format!("{}: {}", self.job.split_names.join(", "), columns.join(", ")),
            "ordered",
        ));
        lines.join("\n")
    }

    /// Names and types of the columns that a sink writes.
    pub fn visible(&self) -> Vec<(String, String)> {
        let visible = self.job.schema.fields().iter().filter(|f| !crate::record::schema::is_hidden(f.name()));
        visible.map(|f| (f.name().clone(), crate::record::schema::type_name(f))).collect()
    }
}
