//! JSON lines.

mod columns;
mod decode;
pub mod format;
mod row;

pub use decode::JsonlDecode;
pub(crate) use decode::schema;
