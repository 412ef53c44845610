//! What the step can be told.

use crate::record::{Policy, SpecialPolicy};
use crate::tokenizer::LoadedTokenizer;
use crate::word::Word;

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
    /// The prompt loses tokens at its start; BOS, a token of the prompt, the separator and the whole completion stay,
    /// else the row is rejected.
    TruncatePromptLeft,
    /// The completion loses tokens at its end, stop and EOS first; at least one trained token stays, else the
    /// row is rejected.
    TruncateCompletion,
}

impl Word for OnOverflow {
    const ALL: &'static [Self] = &[
        OnOverflow::Reject,
        OnOverflow::Drop,
        OnOverflow::Raise,
        OnOverflow::TruncatePromptLeft,
        OnOverflow::TruncateCompletion,
    ];

    fn name(self) -> &'static str {
        match self {
            OnOverflow::Reject => "reject",
            OnOverflow::Drop => "drop",
            OnOverflow::Raise => "raise",
            OnOverflow::TruncatePromptLeft => "truncate_prompt_left",
            OnOverflow::TruncateCompletion => "truncate_completion",
        }
    }
}

impl OnOverflow {
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

/// What ends each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The tokenizer's EOS token, put after the completion once.
    Eos(i32),
    /// The stop alone, as the format asks for.
    Stop,
    /// The stop alone: it holds a control token, which ends a turn itself.
    ControlToken,
    /// The stop alone: the tokenizer names no EOS token.
    NoEos,
}

impl End {
    /// The token that is put after the completion.
    pub(crate) fn eos_id(self) -> Option<i32> {
        match self {
            End::Eos(id) => Some(id),
            End::Stop | End::ControlToken | End::NoEos => None,
        }
    }

    /// What `explain` says of it.
    pub(crate) fn shown(self, tokenizer: &LoadedTokenizer) -> String {
        match self {
            End::Eos(id) => tokenizer
                .control
                .tokens()
                .tokens
                .iter()
                .find(|token| token.id == id)
                .map_or(id.to_string(), |token| token.content.clone()),
            End::Stop => "false".into(),
            End::ControlToken => "false, as the stop holds a control token".into(),
            End::NoEos => "false, as the tokenizer names no EOS token".into(),
        }
    }
}

/// How rows become ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenizeOptions {
    /// The most tokens a row may have, BOS and EOS counted; none: no limit.
    pub(crate) max_length: Option<usize>,
    /// What is done with a longer row.
    pub(crate) on_overflow: OnOverflow,
    /// What is done with a row whose ids hold a control token that its text does not write.
    pub(crate) special_tokens: SpecialPolicy,
    /// What ends each row.
    pub(crate) end: End,
    /// Whether what the tokenizer puts before a text (BOS) is put before the row, once.
    pub(crate) add_bos: bool,
    /// Whether `prompt` and `completion` stay beside the ids.
    pub(crate) keep_text: bool,
    /// Every so many rows of a file the ids are compared with those of the crate; none: never.
    pub(crate) verify: Option<u64>,
    /// The separator that ends every prompt: no cut takes it away, and where else its ids occur is counted.
    pub(crate) separator: Option<String>,
    /// The stop that ends every completion: how often its ids are its own is counted, and where else they occur.
    pub(crate) stop: Option<String>,
    /// Whether each of them occurs once a row, as text.
    pub(crate) marks_are_unique: bool,
}

impl Default for TokenizeOptions {
    fn default() -> Self {
        TokenizeOptions {
            max_length: None,
            on_overflow: OnOverflow::Reject,
            special_tokens: SpecialPolicy::Remove(Policy::Reject),
            end: End::Stop,
            add_bos: true,
            keep_text: true,
            verify: None,
            separator: None,
            stop: None,
            marks_are_unique: false,
        }
    }
}
