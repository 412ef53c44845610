//! Where encodings begin within a row of turns.

use crate::word::Word;

/// Where encodings begin within a row of turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Boundary {
    /// Each part that trains is encoded by itself, and what is between two of them.
    #[default]
    Part,
    /// The text of a row is encoded at once.
    Whole,
}

impl Word for Boundary {
    const ALL: &'static [Self] = &[Boundary::Part, Boundary::Whole];

    fn name(self) -> &'static str {
        match self {
            Boundary::Part => "part",
            Boundary::Whole => "whole",
        }
    }
}

/// What was found where encodings begin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct AtBoundaries {
    /// Whether the ids of the whole text are others than those of the parts.
    pub(super) differs: bool,
    /// Tokens with text of a part that trains and of another part.
    pub(super) straddling: u64,
    /// Tokens with text of two kinds of a turn that train differently.
    pub(super) straddling_kinds: u64,
    /// Turns before which the prompt at inference has other ids than the row.
    pub(super) other_prompts: u64,
    /// The ids do not decode to the text, or to that of a turn, so that it is not known which of them train.
    pub(super) unknown: bool,
}
