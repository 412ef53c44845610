//! The options of `format` for rows with preferences.

use crate::format::OnDropped;
use crate::record::Answers;

/// The options of `format` for rows with preferences.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswersOptions {
    /// Which answers the rows have.
    pub(crate) answers: Answers,
    /// What happens to rows whose two answers are the same.
    pub(crate) on_same: OnDropped,
    /// What happens to rows with text within an answer that must not train.
    pub(crate) on_untrained: OnDropped,
}
