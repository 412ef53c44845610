//! The position of a text in its row.

/// The position of a text in its row. Some tokenizers add a space mark before the first text only.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Position {
    /// The first text: prompts, and texts alone.
    Start,
    /// After other text: completions.
    Continuation,
}
