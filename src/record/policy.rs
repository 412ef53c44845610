//! What is done with a row for which there is a reason to take it out.

use crate::word::Word;

/// What is done with a row for which there is a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// Taken out, counted, and kept in `rejects.jsonl`.
    Reject,
    /// Taken out and counted.
    Drop,
    /// The run ends with an error that names the row.
    Raise,
}

impl Word for Policy {
    const ALL: &'static [Self] = &[Policy::Reject, Policy::Drop, Policy::Raise];

    fn name(self) -> &'static str {
        match self {
            Policy::Reject => "reject",
            Policy::Drop => "drop",
            Policy::Raise => "raise",
        }
    }
}

/// What is done with a row whose data hold a control token, written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpecialPolicy {
    /// The row is taken out.
    Remove(Policy),
    /// The token is taken out of the text.
    Strip,
    /// It stays, and its place is kept, so that the tokenizer takes it for plain text.
    AsText,
    /// It stays, and the tokenizer takes it for the control token.
    AsToken,
}

impl Word for SpecialPolicy {
    const ALL: &'static [Self] = &[
        SpecialPolicy::Remove(Policy::Reject),
        SpecialPolicy::Remove(Policy::Drop),
        SpecialPolicy::Remove(Policy::Raise),
        SpecialPolicy::Strip,
        SpecialPolicy::AsText,
        SpecialPolicy::AsToken,
    ];

    fn name(self) -> &'static str {
        match self {
            SpecialPolicy::Remove(policy) => policy.name(),
            SpecialPolicy::Strip => "strip",
            SpecialPolicy::AsText => "as_text",
            SpecialPolicy::AsToken => "as_token",
        }
    }
}
