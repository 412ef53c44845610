//! The options of the step.

use super::boundary::Boundary;
use crate::record::{Policy, SpecialPolicy};
use crate::tokenizer::LoadedTokenizer;
use crate::word::Word;

/// What is done with a row that has more tokens than `max_length`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnOverflow {
    /// The row is removed, counted, and written to `rejects.jsonl`.
    #[default]
    Reject,
    /// The row is removed and counted.
    Drop,
    /// The run ends with an error that names the row.
    Raise,
    /// Tokens are cut from the start of the prompt. BOS, one token of the prompt, the separator and the completion
    /// stay; where these are too long, the row is rejected.
    TruncatePromptLeft,
    /// Tokens are cut from the end of the completion, with stop and EOS. Where no trained token would stay, the row
    /// is rejected.
    TruncateCompletion,
    /// The oldest turns of a conversation are dropped before it is rendered; where that does not help, the row is
    /// rejected.
    DropOldestTurns,
}

impl Word for OnOverflow {
    const ALL: &'static [Self] = &[
        OnOverflow::Reject,
        OnOverflow::Drop,
        OnOverflow::Raise,
        OnOverflow::TruncatePromptLeft,
        OnOverflow::TruncateCompletion,
        OnOverflow::DropOldestTurns,
    ];

    fn name(self) -> &'static str {
        match self {
            OnOverflow::Reject => "reject",
            OnOverflow::Drop => "drop",
            OnOverflow::Raise => "raise",
            OnOverflow::TruncatePromptLeft => "truncate_prompt_left",
            OnOverflow::TruncateCompletion => "truncate_completion",
            OnOverflow::DropOldestTurns => "drop_oldest_turns",
        }
    }
}

impl OnOverflow {
    /// The policy for a row that cannot be cut to `max_length`.
    pub(super) fn policy(self) -> Policy {
        match self {
            OnOverflow::Drop => Policy::Drop,
            OnOverflow::Raise => Policy::Raise,
            OnOverflow::Reject
            | OnOverflow::TruncatePromptLeft
            | OnOverflow::TruncateCompletion
            | OnOverflow::DropOldestTurns => Policy::Reject,
        }
    }
}

/// What ends each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The tokenizer's EOS token, added after the completion where the completion does not end in it.
    Eos(i32),
    /// The stop alone, since the format says so.
    Stop,
    /// The stop alone, since it holds a control token, which ends a turn itself.
    ControlToken,
    /// The stop alone, since the tokenizer names no EOS token.
    NoEos,
    /// What the chat template writes after the last turn.
    Template,
}

impl End {
    /// The token that is added after the completion.
    pub(crate) fn eos_id(self) -> Option<i32> {
        match self {
            End::Eos(id) => Some(id),
            End::Stop | End::ControlToken | End::NoEos | End::Template => None,
        }
    }

    /// The text that `explain` prints.
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
            End::Template => "false, as the template ends turns itself".into(),
            End::NoEos => "false, as the tokenizer names no EOS token".into(),
        }
    }
}

/// The options of the step `tokenize`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenizeOptions {
    /// The maximum of tokens in a row, with BOS and EOS; none for no limit.
    pub(crate) max_length: Option<usize>,
    pub(crate) on_overflow: OnOverflow,
    /// Where encodings begin within a row of turns.
    pub(crate) boundary: Boundary,
    /// What is done with a row whose ids hold a control token that its text does not write.
    pub(crate) special_tokens: SpecialPolicy,
    pub(crate) end: End,
    /// Whether the tokens that the tokenizer adds before a text (BOS) are added before the row.
    pub(crate) add_bos: bool,
    /// Whether the columns `prompt` and `completion` are kept.
    pub(crate) keep_text: bool,
    /// The ids of every n-th row of a file are compared with those of the `tokenizers` crate; none for no row.
    pub(crate) verify: Option<u64>,
    /// The separator that ends every prompt. No cut removes it, and its ids in other text are counted.
    pub(crate) separator: Option<String>,
    /// The stop that ends every completion. Rows in which it has the same ids as alone are counted, and so are its
    /// ids in other text.
    pub(crate) stop: Option<String>,
    /// Whether separator and stop each occur exactly once in the text of a row.
    pub(crate) marks_are_unique: bool,
}

impl Default for TokenizeOptions {
    fn default() -> Self {
        TokenizeOptions {
            max_length: None,
            on_overflow: OnOverflow::Reject,
            boundary: Boundary::Part,
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
