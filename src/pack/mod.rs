//! `pack`: joins documents into packs of a maximum length, without cutting documents, so that batches need little
//! padding.
//!
//! The barrier gets all rows and keeps their lengths, decides the pack of each document, then orders the rows by
//! packs and joins them. A pack has the rank and the place of its first row. Each split is packed by itself. Rows are
//! held in memory up to a limit, and spilled beyond it. Lengths, splits, ranks and packs take up to 33 bytes per row
//! and 24 per pack; ordering the rows in memory takes 16 bytes per row.

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
