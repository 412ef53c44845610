//! The kind of task that the rows are for.

use super::facts::Facts;

/// The kind of task, as far as the rows show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Unknown,
    OpenEnded,
    Classification,
    Dialogue,
    Conditional,
}

impl Task {
    /// Its name in reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Task::Unknown => "unknown",
            Task::OpenEnded => "open-ended generation",
            Task::Classification => "classification",
            Task::Dialogue => "dialogue",
            Task::Conditional => "conditional generation",
        }
    }
}

/// The kind of task of these rows.
pub(super) fn task(facts: &Facts) -> Task {
    let counts = &facts.counts;
    if counts.answered == 0 {
        Task::Unknown
    } else if counts.with_prompt == 0 || counts.prompt_lengths.counts().all(|(chars, _)| chars == 0) {
        Task::OpenEnded
    } else if counts.classes.ranked().is_some() {
        Task::Classification
    } else if counts.with_history > 0 {
        Task::Dialogue
    } else {
        Task::Conditional
    }
}
