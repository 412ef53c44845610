//! `format`: renders rows to prompt and completion, and proves that separator and stop occur only where the format
//! writes them.

mod answers;
mod chat;
mod foreign_tokens;
mod formatter;
mod formatting;
mod insert_space;
mod marks;
mod on_collision;
mod options;
pub(crate) mod prompt_format;
mod prompt_key;
mod prompt_key_stage;
pub mod prove;
mod render;
mod special_tokens;
mod stage;
pub(crate) mod template;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub(crate) use answers::{
    AnswersChatStage, AnswersOfRow, AnswersOptions, AnswersPromptStage, OpenAnswers, ReadAnswers,
};
pub(crate) use chat::{
    ChatStage, ChatStageOptions, CountTokens, Fit, NotRead, OnDropped, OpenConversations, ReadConversations,
    RowJson, prompt_ids,
};
pub use on_collision::OnCollision;
pub(crate) use options::FormatOptions;
pub use prompt_format::{PromptFormat, Rendered};
pub(crate) use prompt_key_stage::PromptKeyStage;
pub use prove::{Collision, Prover, Site};
pub(crate) use special_tokens::SpecialTokens;
pub(crate) use stage::FormatStage;
pub use template::{Column, Template};
