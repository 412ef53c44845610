//! Parquet files.

mod chunks;
mod error;
mod footer;
pub mod format;
mod section;
mod sections;
mod source;
