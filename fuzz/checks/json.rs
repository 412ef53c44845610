//! Checks that JSON from any bytes is read and written as serde_json reads it: the same texts are JSON, with the same
//! members.
//!
//! Differences by design are documented with the reason: in [`text`] for one text, in [`rows`] for lines of a file.

#![allow(dead_code, reason = "a fuzz target uses one of the checks")]

#[path = "json/arrays.rs"]
mod arrays;
#[path = "json/cells.rs"]
mod cells;
#[path = "json/oracle.rs"]
mod oracle;
#[path = "json/rows.rs"]
mod rows;
#[path = "json/text.rs"]
mod text;
#[path = "json/written.rs"]
mod written;

/// Checks the input as a JSON array.
pub fn check_array(data: &[u8]) {
    arrays::check(data);
}

/// Checks the input as lines of JSON; each line, and the whole input, is also checked as one text.
pub fn check(data: &[u8]) {
    let lines = data.split(|&b| b == b'\n');
    for bytes in lines.chain([data]) {
        if let Ok(line) = std::str::from_utf8(bytes) {
            text::check(line);
            written::check(line);
        }
    }
    rows::check(data);
}
