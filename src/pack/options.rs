//! The options of `pack`.

/// The options of `pack`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackOptions {
    /// The limit of tokens per pack; no document has more.
    pub(crate) max_length: u32,
    /// Decides the order of the packs.
    pub(crate) seed: u64,
    /// Whether labels [follow](super::labels_follow) from the segments. Then they are computed for the packs.
    pub(crate) labels_follow: bool,
}
