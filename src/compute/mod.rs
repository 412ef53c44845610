//! Steps that call expressions and functions of the user with the columns of a batch.

mod filter;
mod function;
mod with_columns;

pub(crate) use filter::FilterStage;
pub use function::{Function, call};
pub(crate) use with_columns::WithColumnsStage;
