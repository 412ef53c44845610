//! Rows as JSON text: what `rejects.jsonl` and JSONL shards hold.

mod checked;
mod row;
mod text;
mod value;

pub use checked::checked;
pub use row::{row, write_row, write_value};
pub use text::{write_integer, write_string, write_verbatim};
pub use value::{Losses, losses};
