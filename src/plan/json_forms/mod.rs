//! The JSON of values that serde cannot write by itself: expressions, ordered mappings, paths that are not UTF-8, and
//! formats.

pub(crate) mod chat_format;
pub(crate) mod decimal;
pub(crate) mod decimals;
mod expression;
pub(crate) mod pairs;
pub(crate) mod paths;
pub(crate) mod prompt_format;

pub(crate) use expression::Expression;
pub(crate) use paths::StoredPath;
