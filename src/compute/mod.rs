//! Steps that call code of the user: expressions and functions, over columns of a batch.

mod filter;
mod function;
mod with_columns;

pub(crate) use filter::FilterStage;
pub use function::{Function, call};
pub(crate) use with_columns::WithColumnsStage;
