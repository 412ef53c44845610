//! Rows as JSON text, as in `rejects.jsonl` and in JSONL shards.

mod checked;
mod row;
mod text;
mod value;

pub use checked::checked;
pub(crate) use row::write_present;
pub use row::{row, write_row, write_value};
pub(crate) use text::quoted;
pub use text::{write_integer, write_string, write_verbatim};
pub use value::{Losses, losses};
