//! How a stage gets the conversations of rows with preferences, whatever their dialect is.

use crate::error::Result;
use crate::format::NotRead;
use crate::record::Batch;
use crate::record::turns::Branch;

/// Reads the rows of batches as a prompt and answers.
pub(crate) trait ReadAnswers: Send + Sync {
    /// The rows of a batch.
    ///
    /// # Errors
    /// `Internal`: the batch lacks a column of the plan.
    fn open<'b>(&self, batch: &'b Batch) -> Result<Box<dyn OpenAnswers + 'b>>;
}

/// The rows of a batch.
pub(crate) trait OpenAnswers {
    /// The conversations of row `i`.
    ///
    /// # Errors
    /// Why the row has none.
    fn row(&self, i: usize) -> std::result::Result<AnswersOfRow, NotRead>;
}

/// The conversations of a row: JSON in the form of OpenAI's API.
pub(crate) struct AnswersOfRow {
    /// The number of messages of the prompt.
    pub(crate) prompt: usize,
    /// Each answer: its branch, and the list of the messages of the prompt and of the answer.
    pub(crate) conversations: Vec<(Branch, String)>,
    /// A list of tools, if there are any.
    pub(crate) tools: Option<String>,
}
