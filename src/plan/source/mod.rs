//! The sources of a plan.

mod column;
mod form;
mod resolve_source;
mod resolved_source;
mod spec;
mod stream;

pub(crate) use crate::read::file_format::Opened;
pub use column::SourceColumn;
pub(crate) use form::SourceForm;
pub use resolved_source::ResolvedSource;
pub use spec::SourceSpec;
pub use stream::{OpenBatches, OpenReader, Peeked, read_twice};
