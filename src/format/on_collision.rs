//! What is done with a row in which separator or stop occur where the format did not put them.

use crate::record::Policy;
use crate::word::Word;

/// What is done with a row in which separator or stop occur where the format did not put them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnCollision {
    /// The row is taken out.
    Remove(Policy),
    /// A space breaks each match, within text of columns only; a row that collides still is rejected.
    InsertSpace,
}

impl Word for OnCollision {
    const ALL: &'static [Self] = &[
        OnCollision::Remove(Policy::Reject),
        OnCollision::Remove(Policy::Drop),
        OnCollision::Remove(Policy::Raise),
        OnCollision::InsertSpace,
    ];

    fn name(self) -> &'static str {
        match self {
            OnCollision::Remove(policy) => policy.name(),
            OnCollision::InsertSpace => "insert_space",
        }
    }
}
