//! Dialogues through chat templates: the text that a model sees, as transformers renders it.

mod answer_row;
mod chat_format;
mod chat_rows;
mod conversation;
mod elsewhere;
mod fault;
mod folder;
mod history;
mod inference;
mod kind_weights;
mod kinds;
mod later_starts;
mod layout;
mod marks;
mod open_end;
mod own_variables;
mod roles;
mod seeker;
mod shape;
mod spans;
mod tool_arguments;
mod trained;
mod training_row;

pub(crate) use answer_row::AnswerRow;
pub use chat_format::{ChatFormat, ChatOptions};
pub use chat_rows::{ChatRows, Turn};
pub use conversation::Conversation;
pub use history::History;
pub use inference::{Prompt, PromptPiece};
pub use kind_weights::KindWeights;
pub use open_end::OnOpenEnd;
pub use roles::{Roles, TrainedRole};
pub use spans::{TextSpans, TurnSpans};
pub use tool_arguments::ToolArguments;
pub use trained::{Trained, TrainedTurns};
pub use training_row::{ChatFault, Masked, TrainingRow};
