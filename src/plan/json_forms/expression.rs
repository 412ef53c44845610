//! Expressions.

use serde::{Deserialize, Serialize};

/// A polars expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Expression {
    /// The JSON that polars has for it, as text: within the plan's JSON its numbers would be rounded.
    Json(String),
    /// One that polars has no exact JSON for: the digest of what it is in memory.
    InMemory {
        /// 32 hexadecimal digits.
        digest: String,
    },
}
