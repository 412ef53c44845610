//! Steps that choose rows and columns without reading values: `select`, `drop`, `rename`, `head`, `with_row_index`
//! and `concat`.

mod concat;
mod head;
mod project;
mod row_index;

pub(crate) use concat::ConcatStage;
pub use head::HeadStage;
pub(crate) use project::ProjectStage;
pub(crate) use row_index::RowIndexStage;
