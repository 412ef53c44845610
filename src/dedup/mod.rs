//! `dedup`: removes exact duplicates.

mod index;
mod normalize;
mod stages;

pub(crate) use normalize::normalized;
pub use normalize::{Normalize, Part};
pub(crate) use stages::KeyOptions;
pub(crate) use stages::KeyStage;
pub use stages::{DedupStage, KEY_BYTES};
