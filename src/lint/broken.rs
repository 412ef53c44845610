//! A breach of a limit.

use super::limit::{Severity, Target};

/// A limit that a file or a row breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    /// The number of the limit in [`Target::limits`].
    pub(crate) limit: usize,
    /// From 1; none for what is about a whole file.
    pub(crate) line: Option<u64>,
    /// What was found.
    pub(crate) detail: String,
}

impl Target {
    /// The limits that `check` finds broken. A warning is not given where an error has the same code.
    pub(super) fn broken(
        &self,
        line: Option<u64>,
        check: impl Fn(super::rule::Rule) -> Option<String>,
    ) -> Vec<Broken> {
        let mut found = Vec::new();
        let mut errors: Vec<&str> = Vec::new();
        for (number, limit) in self.limits().enumerate() {
            let code = limit.rule.code();
            if errors.contains(&code) {
                continue;
            }
            let Some(detail) = check(limit.rule) else { continue };
            if limit.severity == Severity::Error {
                errors.push(code);
            }
            found.push(Broken { limit: number, line, detail });
        }
        found
    }
}
