//! The step `tokenize`: rows of text to rows of ids, `input_ids` and `labels`, and runs of tokens that say which
//! tokens train and what they weigh.
//!
//! A row consists of turns. Neighbouring turns that train alike are encoded together: the first text as the start of
//! a text, each further one as a continuation of the text before it. With [`Boundary::Whole`] the text of a row is encoded
//! at once. BOS comes once before the row, EOS once after
//! it. A prompt and its completion are two turns.

mod answer_columns;
mod answers_stage;
pub(crate) mod batch_api;
mod boundary;
mod columns;
mod encode_row;
mod mark_ids;
mod options;
mod row;
mod row_length;
mod stage;
mod strings;
#[cfg(test)]
mod tests;
mod text;
mod token_weights;
mod whole;

pub(crate) use answers_stage::AnswersTokenizeStage;
pub use boundary::Boundary;
pub use options::{End, OnOverflow, TokenizeOptions};
pub(crate) use row_length::RowLength;
pub(crate) use stage::TokenizeStage;
