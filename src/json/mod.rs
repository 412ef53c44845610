//! A strict JSON scanner (RFC 8259) for one line: it checks the whole line and reports the members of its object.
//!
//! It copies nothing and does not recurse. The line must be UTF-8. A lone surrogate escape is valid JSON; only
//! [`decode_string`] fails on it.

mod cursor;
mod error;
mod nested;
mod number;
mod scan;
mod single_line;
mod string;
#[cfg(test)]
mod tests;
mod value;
mod view;

pub use error::{JsonError, Why};
pub(crate) use nested::Part;
pub use number::{exact_float64, float64, int64};
pub(crate) use scan::scan_parts;
pub use scan::{scan, scan_array};
pub use single_line::single_line;
pub use string::decode as decode_string;
pub use value::{Kind, Value};
pub(crate) use view::{Json, excerpt};
