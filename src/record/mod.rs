//! The data that flows through the steps: batches of rows, and the place of each row.

mod answers;
mod arrow_check;
mod batch;
mod digest;
pub(crate) mod encode_turns;
mod file_ranks;
pub(crate) mod finding;
pub mod json;
mod key;
pub(crate) mod place;
mod place_columns;
mod policy;
pub(crate) mod ranked;
pub mod reason;
pub(crate) mod reject_json;
mod removal;
mod remove;
pub mod schema;
pub(crate) mod segments;
pub(crate) mod size;
mod text;
pub(crate) mod tokens;
pub mod turns;

pub use answers::Answers;
pub(crate) use arrow_check::check as check_arrow;
pub use batch::Batch;
pub(crate) use digest::RowsDigest;
pub(crate) use file_ranks::FileRanks;
pub(crate) use key::{KeyColumn, NO_TEXT, keys_of, with_keys};
pub use place::{FileNames, Place, Places, RowPlace};
pub(crate) use place_columns::{as_copies, take_places, with_places};
pub use policy::{Policy, SpecialPolicy};
pub use removal::{Duplicate, Reject, Removal};
pub(crate) use text::{as_views, is_text, repeated, text_builder, text_views};
