//! What `format` does beside rendering and proving.

use super::on_collision::OnCollision;
use super::prompt_format::PromptFormat;
use super::special_tokens::SpecialTokens;
use crate::record::Policy;

/// What `format` does beside rendering and proving.
#[derive(Debug, Clone)]
pub(crate) struct FormatOptions {
    /// Default: rows are rejected.
    pub(crate) on_collision: OnCollision,
    /// Control tokens of the tokenizer that follows, where one does. Default: none, nothing is searched.
    pub(crate) special_tokens: Option<SpecialTokens>,
    /// The format that rendered the text of the columns before: what its templates wrote is not taken for data.
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
