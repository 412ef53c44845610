//! What is wrong with a message.

use serde::Serialize;

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChatFault {
    /// The reason.
    pub code: &'static str,
    /// The number of the message, from 0.
    pub message: usize,
    /// The member of the message that is not printed, such as `content`; none for other faults.
    pub member: Option<String>,
    /// What is wrong, for people.
    pub detail: String,
}
