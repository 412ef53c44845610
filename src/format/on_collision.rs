//! The option `on_collision`.

use crate::record::Policy;
use crate::word::Word;

/// What happens to a row in which the separator or the stop occurs where the format did not write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnCollision {
    /// The row is removed.
    Remove(Policy),
    /// A space is inserted into each match, only within text of columns. A row that still collides is rejected.
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
