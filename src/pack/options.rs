//! How documents are packed.

/// How documents are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackOptions {
    /// Tokens a pack may have; no document has more.
    pub(crate) max_length: u32,
    /// Decides the order of the packs.
    pub(crate) seed: u64,
    /// Labels [follow](super::labels_follow) from the segments, and are made again for the packs.
    pub(crate) labels_follow: bool,
}
