//! Conversations as rows of text and spans: rendered by a chat template, with proof of what trains.

mod control_tokens;
mod count_tokens;
mod fit;
mod options;
mod prompt_ids;
mod read_conversations;
mod rendered_rows;
mod spans_column;
mod stage;

pub(crate) use count_tokens::{CountTokens, Fit};
pub(crate) use options::{ChatStageOptions, OnDropped};
pub(crate) use prompt_ids::prompt_ids;
pub(crate) use read_conversations::{NotRead, OpenConversations, ReadConversations, RowJson};
pub(crate) use stage::ChatStage;
