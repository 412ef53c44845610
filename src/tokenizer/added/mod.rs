//! Added tokens: what a tokenizer finds in a text before it does anything else to it.

mod control;
mod finder;
mod split;

pub(crate) use control::{ControlToken, ControlTokens, Written};
pub(crate) use finder::Finder;
pub(super) use split::{AddedTokens, Part};
