//! Policies: what is done with a row for which there is a reason to remove it.

use crate::word::Word;

/// What is done with a row for which there is a reason to remove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// The row is removed, counted, and written to `rejects.jsonl`.
    Reject,
    /// The row is removed and counted.
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

/// What is done with a row whose data hold the text of a control token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpecialPolicy {
    /// The row is removed, or the run ends.
    Remove(Policy),
    /// The token is removed from the text.
    Strip,
    /// The token stays, and the tokenizer encodes it as plain text.
    AsText,
    /// The token stays, and the tokenizer encodes it as the control token.
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
