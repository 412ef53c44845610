//! What flows: batches of rows that know where they came from.

mod arrow_check;
mod batch;
mod digest;
mod file_ranks;
pub mod finding;
pub mod json;
mod key;
pub mod place;
mod place_columns;
mod policy;
pub mod ranked;
pub mod reason;
pub mod reject_json;
mod removal;
mod remove;
pub mod schema;
pub mod segments;
pub mod size;
mod text;
pub mod tokens;
pub mod turns;

pub use arrow_check::check as check_arrow;
pub use batch::Batch;
pub use digest::RowsDigest;
pub use file_ranks::FileRanks;
pub use key::{KeyColumn, NO_TEXT, keys_of, with_keys};
pub use place::{FileNames, Place, Places, RowPlace};
pub use place_columns::{take_places, with_places};
pub use policy::{Policy, SpecialPolicy};
pub use removal::{Duplicate, Reject, Removal};
pub use text::{as_views, is_text, repeated, text_views};
