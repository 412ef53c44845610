//! What a prepared folder is: the manifest that readers trust, how it is read, and how it is verified.

pub mod keys;
pub mod manifest;
pub mod open;
pub mod verify;

pub use keys::Keys;
pub use manifest::Manifest;
pub use open::open;
pub use verify::{VerifyReport, verify};
