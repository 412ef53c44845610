//! The verbs of a chain, one per file: its options, its possible positions, the columns it needs, and its stages.

mod chain_checks;
mod dedup;
mod drop;
mod filter;
mod format;
mod head;
mod map_batches;
mod pack;
mod registry;
mod rename;
mod restore;
mod select;
mod shuffle;
mod split;
mod supplied_function;
mod tokenize;
mod validate;
mod with_columns;
mod with_row_index;

pub use dedup::Dedup;
pub(crate) use drop::Drop;
pub(crate) use filter::Filter;
pub use format::Format;
pub use head::Head;
pub(crate) use map_batches::MapBatches;
pub use pack::Pack;
pub(crate) use rename::Rename;
pub(crate) use restore::Restore;
pub(crate) use select::Select;
pub use shuffle::Shuffle;
pub use split::Split;
pub use supplied_function::SuppliedFunction;
pub use tokenize::Tokenize;
pub(crate) use validate::Validate;
pub use with_columns::WithColumns;
pub(crate) use with_row_index::WithRowIndex;
