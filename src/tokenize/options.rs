//! What the step can be told.

use crate::record::{Policy, SpecialPolicy};

/// What is done with a row that has more tokens than `max_length`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnOverflow {
    /// Taken out, counted, and kept in `rejects.jsonl`.
    #[default]
    Reject,
    /// Taken out and counted.
    Drop,
    /// The run ends with an error that names the row.
    Raise,
    /// The prompt loses tokens at its start; BOS and the whole completion stay, else the row is rejected.
    TruncatePromptLeft,
    /// The completion loses tokens at its end, stop and EOS first; at least one trained token stays, else the
    /// row is rejected.
    TruncateCompletion,
}

impl OnOverflow {
    /// The word that options and `explain` use.
    pub fn name(self) -> &'static str {
        match self {
            OnOverflow::Reject => "reject",
            OnOverflow::Drop => "drop",
            OnOverflow::Raise => "raise",
            OnOverflow::TruncatePromptLeft => "truncate_prompt_left",
            OnOverflow::TruncateCompletion => "truncate_completion",
        }
    }

    /// What becomes of a row that is still too long.
    pub(super) fn policy(self) -> Policy {
        match self {
            OnOverflow::Drop => Policy::Drop,
            OnOverflow::Raise => Policy::Raise,
            OnOverflow::Reject | OnOverflow::TruncatePromptLeft | OnOverflow::TruncateCompletion => {
                Policy::Reject
            }
        }
    }
}

/// How rows become ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenizeOptions {
    /// The most tokens a row may have, BOS and EOS counted; none: no limit.
    pub max_length: Option<usize>,
    /// What is done with a longer row.
    pub on_overflow: OnOverflow,
    /// What is done with a row whose ids hold a control token that its text does not write.
    pub special_tokens: SpecialPolicy,
    /// The token put after the completion, once; none: nothing is put.
    pub eos_id: Option<i32>,
    /// Whether what the tokenizer puts before a text (BOS) is put before the row, once.
    pub add_bos: bool,
    /// Whether `prompt` and `completion` stay beside the ids.
    pub keep_text: bool,
    /// Every so many rows of a file the ids are compared with those of the crate; none: never.
    pub verify: Option<u64>,
    /// The stop that ends every completion: how often its ids are its own is counted.
    pub stop: Option<String>,
}

impl Default for TokenizeOptions {
    fn default() -> Self {
        TokenizeOptions {
            max_length: None,
            on_overflow: OnOverflow::Reject,
            special_tokens: SpecialPolicy::Remove(Policy::Reject),
            eos_id: None,
            add_bos: true,
            keep_text: true,
            verify: None,
            stop: None,
        }
    }
}
