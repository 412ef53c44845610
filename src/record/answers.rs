//! Which answers the rows have.

use super::schema::{
    CHOSEN, CHOSEN_IDS, CHOSEN_LABELS, COMPLETION, COMPLETION_IDS, COMPLETION_LABELS, LABEL, PROMPT,
    PROMPT_IDS, REJECTED, REJECTED_IDS, REJECTED_LABELS, TOKENIZED,
};
use super::turns::Branch;

/// Which answers the rows have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// One, to be learnt.
    #[default]
    One,
    /// A preferred one and another one, to the same prompt.
    Pair,
    /// One, and whether it is a good one. A good one is in the branch `Chosen`, a bad one in `Rejected`.
    Labelled,
}

/// The columns of an answer.
pub(crate) struct AnswerColumns {
    /// Its rendered text.
    pub(crate) text: &'static str,
    /// The branches that may hold it.
    pub(crate) branches: &'static [Branch],
}

const PAIR: &[AnswerColumns] = &[
    AnswerColumns { text: CHOSEN, branches: &[Branch::Chosen] },
    AnswerColumns { text: REJECTED, branches: &[Branch::Rejected] },
];
const LABELLED: &[AnswerColumns] =
    &[AnswerColumns { text: COMPLETION, branches: &[Branch::Chosen, Branch::Rejected] }];

impl Answers {
    /// The columns of each answer of rows with preferences; none for rows of one answer to be learnt.
    pub(crate) fn each(self) -> &'static [AnswerColumns] {
        match self {
            Answers::One => &[],
            Answers::Pair => PAIR,
            Answers::Labelled => LABELLED,
        }
    }

    /// The columns that `format` gives rows with preferences.
    pub(crate) fn rendered(self) -> &'static [&'static str] {
        match self {
            Answers::One => &[],
            Answers::Pair => &[PROMPT, CHOSEN, REJECTED],
            Answers::Labelled => &[PROMPT, COMPLETION, LABEL],
        }
    }

    /// Those of them that are text.
    pub(crate) fn texts(self) -> &'static [&'static str] {
        match self {
            Answers::One => &[],
            Answers::Pair => &[PROMPT, CHOSEN, REJECTED],
            Answers::Labelled => &[PROMPT, COMPLETION],
        }
    }

    /// The columns that `tokenize` adds.
    pub(crate) fn tokenized(self) -> &'static [&'static str] {
        match self {
            Answers::One => &TOKENIZED,
            Answers::Pair => &[PROMPT_IDS, CHOSEN_IDS, CHOSEN_LABELS, REJECTED_IDS, REJECTED_LABELS],
            Answers::Labelled => &[PROMPT_IDS, COMPLETION_IDS, COMPLETION_LABELS],
        }
    }
}
