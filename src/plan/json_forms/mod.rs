//! Parts of a plan's JSON that serde has no form for: expressions, ordered mappings, paths that are not UTF-8, and formats.

pub mod decimals;
mod expression;
pub mod pairs;
pub mod paths;
pub mod prompt_format;

pub use expression::Expression;
pub use paths::StoredPath;
