//! The JSON of a polars expression.

use serde::{Deserialize, Serialize};

/// A polars expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Expression {
    /// The JSON that polars writes for it, as text: inside the JSON of the plan its numbers would be rounded.
    Json(String),
    /// An expression without exact JSON in polars.
    InMemory {
        /// The digest of the expression in memory: 32 hexadecimal digits.
        digest: String,
    },
}
