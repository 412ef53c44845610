//! Prepared folders: the manifest, reading, and verification.

mod columns;
pub(crate) mod keys;
pub(crate) mod manifest;
pub mod open;
pub(crate) mod parquet_shard;
pub(crate) mod shard;
pub mod verify;

pub use keys::Keys;
pub use manifest::Manifest;
pub use open::{open, open_complete};
pub use shard::Shard;
pub use verify::{VerifyReport, verify};
