//! Rows that are JSON objects, from lines or from the elements of an array: the columns of the head, and batches.

mod columns;
mod head_columns;
mod jq;
mod recognised;
mod row;
mod rows;

pub(crate) use columns::RowText;
pub(crate) use head_columns::HeadColumns;
pub(crate) use jq::{as_lines, jq};
pub(crate) use recognised::{begins_json, is_json_lines};
pub(crate) use rows::{RowDecoder, Rows, schema};
