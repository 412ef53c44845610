//! Steps that call expressions and functions of the user with the columns of a batch; functions of columns of text.

mod filter;
mod function;
mod mask;
mod text;
mod with_columns;

pub(crate) use filter::FilterStage;
pub use function::{Function, call};
pub(crate) use mask::mask;
pub(crate) use text::{contains_any, hashes};
pub(crate) use with_columns::WithColumnsStage;
