//! Text to ids and back, by the rules of a `tokenizer.json`. Knows no batches and no columns.
//!
//! [`load`](mod@load) reads a tokenizer; its [`Encoder`] encodes texts. The ids of the crate `tokenizers` are the
//! right ones (`reference`). Faster engines (`bpe`, `chunks`) are compared with them when a tokenizer is loaded
//! (`self_check`).

pub(crate) mod added;
mod as_text;
mod bpe;
mod byte_chars;
mod cache;
mod choose;
mod chunks;
mod continuation;
mod control_ids;
mod encoder;
mod engine;
mod errors;
#[cfg(test)]
pub(crate) mod fixtures;
mod guard;
mod load;
mod model_folder;
mod normalizer;
mod oracle;
mod position;
mod pretokenize;
mod probe;
mod ranks;
mod reference;
mod self_check;
mod span;
#[cfg(test)]
mod tests;
mod token_names;
mod token_texts;

pub(crate) use control_ids::ControlIds;
pub use encoder::{Encoder, Session};
pub use load::LoadedTokenizer;
#[cfg(test)]
pub(crate) use pretokenize::CharSet;
pub(crate) use span::Span;
pub use token_names::TokenNames;
