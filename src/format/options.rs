//! The options of `format` besides the prompt format.

use super::on_collision::OnCollision;
use super::prompt_format::PromptFormat;
use super::special_tokens::SpecialTokens;
use crate::record::Policy;

/// The options of `format` besides the prompt format.
#[derive(Debug, Clone)]
pub(crate) struct FormatOptions {
    /// What happens to rows that collide. Default: they are rejected.
    pub(crate) on_collision: OnCollision,
    /// The control tokens of the tokenizer, if the plan has one. Default: none, and texts are not searched.
    pub(crate) special_tokens: Option<SpecialTokens>,
    /// The format that rendered the text of the columns before; the literals of its templates do not count as data.
    /// Default: none.
    pub(crate) rendered_by: Option<PromptFormat>,
    /// Whether to add the hidden column [`crate::record::schema::PROMPT_KEY`], for a split by prompt. Default: no.
    pub(crate) prompt_key: bool,
}

impl Default for FormatOptions {
    fn default() -> Self {
        FormatOptions {
            on_collision: OnCollision::Remove(Policy::Reject),
            special_tokens: None,
            rendered_by: None,
            prompt_key: false,
        }
    }
}
