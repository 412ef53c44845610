//! What is wrong with one line.

use super::limit::Target;
use super::row_checks::check_line;
use super::targets::TARGETS;
use crate::word::find;

/// The names of all targets.
pub fn target_names() -> impl Iterator<Item = &'static str> {
    TARGETS.iter().map(|target| target.name)
}

/// The codes of the limits that a line breaks, with what was found; none for an unknown target.
pub fn problems(target: &str, line: &[u8]) -> Option<Vec<(&'static str, String)>> {
    let target: &Target = find(target).ok()?;
    let limits: Vec<_> = target.limits().collect();
    let broken = check_line(target, line, 1, false).broken.into_iter();
    Some(broken.filter_map(|broken| Some((limits.get(broken.limit)?.rule.code(), broken.detail))).collect())
}
