//! JSON lines.

mod decode;
pub mod format;

pub use decode::JsonlDecode;
