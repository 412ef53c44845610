//! A strict JSON scanner (RFC 8259) over one line: checks all of it, and hands out the members of its object.
//!
//! Nothing is copied and nothing recurses. Text must be known to be UTF-8. A lone surrogate escape is valid
//! JSON; it fails only where the string is decoded ([`decode_string`]).

mod cursor;
mod error;
mod nested;
mod number;
mod scan;
mod string;
#[cfg(test)]
mod tests;
mod value;

pub use error::{JsonError, Why};
pub use number::{exact_float64, float64, int64};
pub use scan::scan;
pub use string::decode as decode_string;
pub use value::{Kind, Value};
