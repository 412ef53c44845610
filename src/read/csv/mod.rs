//! CSV: records of fields, which are separated by commas, tabs, semicolons or bars (RFC 4180).

mod borders;
mod cut;
mod decode;
mod fields;
pub mod format;
mod header;
mod input;
mod options;
mod records;
mod row;
mod row_numbers;
mod separator;
mod syntax;
#[cfg(test)]
mod tests;
mod values;
