//! Parquet files.

mod chunks;
pub mod format;
mod source;
