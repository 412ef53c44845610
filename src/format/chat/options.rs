//! The options of `format` for conversations.

use super::count_tokens::Fit;
use crate::chat::{History, KindWeights, OnOpenEnd, Roles, ToolArguments, TrainedTurns};
use crate::format::SpecialTokens;
use crate::record::Policy;
use crate::word::Word;

/// What happens to a row of which the template does not print a text, or not all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnDropped {
    /// It is removed, or the run ends.
    Remove(Policy),
    /// It stays, and is counted.
    Keep,
}

impl OnDropped {
    /// The policy for such rows; none: they stay.
    pub(crate) fn policy(self) -> Option<Policy> {
        match self {
            OnDropped::Remove(policy) => Some(policy),
            OnDropped::Keep => None,
        }
    }
}

impl Word for OnDropped {
    const ALL: &'static [Self] = &[
        OnDropped::Remove(Policy::Reject),
        OnDropped::Remove(Policy::Drop),
        OnDropped::Remove(Policy::Raise),
        OnDropped::Keep,
    ];

    fn name(self) -> &'static str {
        match self {
            OnDropped::Remove(policy) => policy.name(),
            OnDropped::Keep => "keep",
        }
    }
}

/// The options of `format` for conversations, besides the template.
pub(crate) struct ChatStageOptions {
    /// Which turns train.
    pub(crate) train: TrainedTurns,
    /// The roles whose turns train.
    pub(crate) roles: Roles,
    /// The factors of the kinds of texts of the assistant.
    pub(crate) span_weights: KindWeights,
    /// What is before them.
    pub(crate) history: History,
    /// What happens where the template does not print a text.
    pub(crate) on_dropped: OnDropped,
    /// What happens where no token ends the last turn.
    pub(crate) on_open_end: OnOpenEnd,
    /// How the template sees arguments that are text.
    pub(crate) tool_arguments: ToolArguments,
    /// The column with variables of the template, for errors.
    pub(crate) variables: Option<String>,
    /// Whether messages may have weights other than 0 and 1.
    pub(crate) weights: bool,
    /// The control tokens of the tokenizer, if the plan has one, and what happens to those in the data.
    pub(crate) special_tokens: Option<SpecialTokens>,
    /// The limit for which the oldest turns are dropped.
    pub(crate) fit: Option<Fit>,
    /// Whether the column `spans` is made. The step after drops it where it is not.
    pub(crate) spans: bool,
    /// Whether the text of a row is encoded at once.
    pub(crate) whole: bool,
    /// Whether to add the hidden column [`crate::record::schema::PROMPT_KEY`], for a split by prompt.
    pub(crate) prompt_key: bool,
}
