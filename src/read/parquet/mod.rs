//! Parquet files.

mod chunks;
mod columns;
pub mod format;
mod source;
