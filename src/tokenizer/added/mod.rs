//! Added tokens, which a tokenizer finds in a text before any other step.

mod control;
mod finder;
mod rare_starts;
mod split;

pub(crate) use control::{ControlToken, ControlTokens, Written};
pub(crate) use finder::Finder;
pub(super) use split::{AddedTokens, Part};
