//! Renders of variants of a conversation.

use super::stand_in::Words;
use crate::chat::{ChatFormat, Conversation};
use crate::template::{Data, Failure};

/// A format with the tools of a conversation.
pub(super) struct Render<'a> {
    pub(super) format: &'a ChatFormat,
    pub(super) conversation: &'a Conversation,
    /// Whether the whole conversation is rendered with the generation prompt.
    pub(super) prompt: bool,
}

impl Render<'_> {
    pub(super) fn text(&self, messages: &[Data], prompt: bool) -> Result<String, Failure> {
        self.format.render_messages(messages, self.conversation, prompt)
    }

    /// The texts that the template's expressions hold.
    pub(super) fn words(&self, words: Words) -> &[String] {
        match words {
            Words::None => &[],
            Words::Sought => self.format.sought(),
            Words::All => self.format.constants(),
        }
    }
}
