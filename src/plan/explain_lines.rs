//! Lines of `explain`: one per step, in order, and indented lines with details.

/// The line of a step: its verb, its options with all defaults, and its kind.
pub(crate) fn line(verb: &str, text: &str, kind: &str) -> String {
    format!("{:<12} {}  [{kind}]", verb.to_uppercase(), text.replace('\n', "\\n"))
}

/// A line with a detail of the step above.
pub(crate) fn detail(text: &str) -> String {
    format!("{:<13}{text}", "")
}
