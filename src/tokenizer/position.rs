//! Where in a row a text stands.

/// Where in a row a text stands. Some tokenizers put a mark before the first text, and none before the others.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Position {
    /// First: prompts, and texts that stand alone.
    Start,
    /// After other text: completions.
    Continuation,
}
