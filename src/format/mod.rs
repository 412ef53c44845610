//! `format`: renders rows to prompt and completion, and proves that separator and stop mean nothing else.

mod foreign_tokens;
mod formatter;
mod formatting;
mod insert_space;
mod marks;
mod on_collision;
mod options;
pub mod prompt_format;
mod prompt_key;
mod prompt_key_stage;
pub mod prove;
mod render;
mod special_tokens;
mod stage;
pub mod template;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use marks::{Mark, Written};
pub use on_collision::OnCollision;
pub use options::FormatOptions;
pub use prompt_format::{PromptFormat, Rendered};
pub use prompt_key_stage::PromptKeyStage;
pub use prove::{Collision, Prover, Site};
pub use special_tokens::SpecialTokens;
pub use stage::FormatStage;
pub use template::{Column, Template};
