//! How a stage gets the conversations of rows, whatever their dialect is.

use std::borrow::Cow;

use crate::chat::Conversation;
use crate::error::Result;
use crate::record::Batch;

/// Reads the rows of batches as conversations.
pub(crate) trait ReadConversations: Send + Sync {
    /// The rows of a batch.
    ///
    /// # Errors
    /// `Internal`: the batch lacks a column of the plan.
    fn open<'b>(&self, batch: &'b Batch) -> Result<Box<dyn OpenConversations + 'b>>;
}

/// The rows of a batch.
pub(crate) trait OpenConversations {
    /// Passes the JSON of row `i` to `take`.
    ///
    /// # Errors
    /// Why the row has no conversation.
    fn row(&self, i: usize, take: &mut dyn FnMut(RowJson<'_>)) -> Result<(), NotRead>;
}

/// A conversation: JSON in the form of OpenAI's API.
pub(crate) struct RowJson<'r> {
    /// A list of messages.
    pub(crate) messages: Cow<'r, str>,
    /// A list of tools, if there are any.
    pub(crate) tools: Option<Cow<'r, str>>,
    /// An object of variables of the template, if there is one.
    pub(crate) variables: Option<Cow<'r, str>>,
}

impl RowJson<'_> {
    /// The JSON of all that the conversation holds.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        [Some(&self.messages), self.tools.as_ref(), self.variables.as_ref()]
            .into_iter()
            .flatten()
            .map(Cow::as_ref)
    }

    /// The conversation; the inner error says what is wrong with its variables, for people.
    ///
    /// # Errors
    /// Those of [`Conversation::parse`].
    pub(crate) fn conversation(&self) -> Result<std::result::Result<Conversation, String>> {
        let conversation = Conversation::parse(&self.messages, self.tools.as_deref())?;
        Ok(match self.variables.as_deref() {
            None => Ok(conversation),
            Some(variables) => conversation.with_variables(variables),
        })
    }
}

/// Why a row has no conversation.
pub(crate) struct NotRead {
    /// The column that is the cause.
    pub(crate) column: Option<String>,
    /// What is wrong, for people.
    pub(crate) detail: String,
}
