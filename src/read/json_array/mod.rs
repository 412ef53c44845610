//! JSON arrays: a file is one array, and its elements are the rows.
//!
//! [`scanner`] finds where elements begin and end, by brackets and strings alone. [`cut`] cuts the text there into
//! pieces of whole elements, so that a file is never in memory as a whole. [`decode`] parses the elements on any
//! worker.

mod brackets;
mod cut;
mod damage;
mod decode;
mod elements;
pub mod format;
mod head;
mod input;
mod scanner;
#[cfg(test)]
mod tests;

pub use cut::ArraySource;
pub use decode::ArrayDecode;
pub use elements::Elements;
