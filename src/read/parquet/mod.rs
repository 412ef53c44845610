//! Parquet files.

mod chunks;
mod error;
mod file;
mod footer;
pub mod format;
mod lane;
mod section;
mod sections;
mod source;
