//! Dialogues through chat templates: the text that a model sees, as transformers renders it.

mod chat_format;
mod conversation;
mod folder;

pub use chat_format::{ChatFormat, ChatOptions};
pub use conversation::Conversation;
