//! Documents packed into rows of one length, corpus-wide, none cut: what padding would waste is trained on instead.
//!
//! Takes all rows and remembers their lengths; then each document's pack is decided; then the rows are put in the order
//! of their packs, and joined. A pack takes the rank in a shuffle and the place of its first row. Splits are packed each
//! by itself. Rows are held in memory up to a limit and spilled beyond it; lengths, splits, ranks and packs take up to 33
//! bytes a row, and 24 a pack; the order of those that are held 16 bytes a row.

mod barrier;
mod best_fit;
mod documents;
mod join;
mod labels;
mod options;

pub use barrier::Pack;
pub(crate) use documents::needed;
pub(crate) use join::join;
pub(crate) use labels::labels_follow;
pub(crate) use options::PackOptions;
