//! `format` of rows with preferences: two answers to a prompt, or one answer with a label.
//!
//! Each answer is rendered and proven with its prompt, as a row of one answer is. Then prompt and answers are joined: the
//! text of the row is the prompt, the preferred answer and the other one, and its spans have branches.

mod chat_stage;
mod columns;
mod options;
mod prompt_stage;
mod read_answers;
mod row;

pub(crate) use chat_stage::AnswersChatStage;
pub(crate) use options::AnswersOptions;
pub(crate) use prompt_stage::AnswersPromptStage;
pub(crate) use read_answers::{AnswersOfRow, OpenAnswers, ReadAnswers};
