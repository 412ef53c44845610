//! Lines of `explain`: one a step, in the order they were said; details are indented.

/// A step's line: its verb, what it does with every default decided, and its kind.
pub(crate) fn line(verb: &str, text: &str, kind: &str) -> String {
    format!("{:<12} {}  [{kind}]", verb.to_uppercase(), text.replace('\n', "\\n"))
}

/// A line that belongs to the step above.
pub(crate) fn detail(text: &str) -> String {
    format!("{:<13}{text}", "")
}
