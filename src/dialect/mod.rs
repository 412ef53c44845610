//! Dialects: what the rows of a data set mean. Recognises the dialect of a sample of rows, and reads rows into turns
//! with roles, texts and tool calls.
//!
//! A dialect is one implementation of [`Dialect`], in one file, and a line in [`DIALECTS`].

mod agent_trace;
mod alpaca;
mod answer_keys;
mod answers_json;
mod calls;
mod cell;
mod cells_of_batch;
mod chat_pairs;
mod chat_parts;
mod classification;
mod conversation_json;
#[expect(clippy::module_inception, reason = "the file of the trait")]
mod dialect;
mod dialects;
mod dialogue;
mod doubts;
mod form;
mod form_blocks;
mod form_parts;
mod head;
mod head_rows;
mod image_parts;
mod json_object;
mod kto;
mod message_edit;
mod message_texts;
mod messages;
mod misfit;
mod names;
mod openai_chat;
mod openai_preference;
mod pairs;
mod part_columns;
mod plain_messages;
mod preference;
mod prompt_columns;
mod recognise;
mod recognised;
mod sharegpt;
mod stage;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod text;
mod tools;
mod transcript;
mod trial;
mod write_as;

pub(crate) use answer_keys::AnswerKeyStage;
pub(crate) use answers_json::{AnswersJson, answers_json};
pub use cell::{Cell, Row};
pub(crate) use cells_of_batch::PartCells;
pub(crate) use conversation_json::{ConversationJson, conversation_json};
pub use dialect::{Dialect, Holds, PartSpec, Verdict, complete};
pub use dialects::{DIALECTS, find};
pub use dialogue::{Call, Dialogue, Role, Said, TextKind, Turn};
pub use form::Form;
pub use form_parts::Written;
pub use head::{Head, HeadRow};
pub(crate) use head_rows::HeadRows;
pub(crate) use message_edit::MessageEdit;
pub(crate) use message_texts::MessageTexts;
pub use misfit::Misfit;
pub use part_columns::PartColumns;
pub use recognise::{examine, recognise};
pub use recognised::{Layout, Recognised, UNKNOWN, columns_json, dialogue_json};
pub(crate) use stage::{PassStage, ReadAsStage};
pub(crate) use tools::TOOLS;
pub(crate) use write_as::WriteAsStage;
