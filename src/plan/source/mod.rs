//! Where rows come from.

mod column;
mod find;
mod form;
mod found;
mod spec;
mod stream;

pub(crate) use crate::read::file_format::Opened;
pub use column::SourceColumn;
pub(crate) use form::SourceForm;
pub use found::Found;
pub use spec::SourceSpec;
pub use stream::{OpenBatches, OpenReader, Peeked, read_twice};
