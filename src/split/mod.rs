//! `split`: assigns rows to splits.

mod class_key_stage;
mod column_key_stage;
mod names;
mod restore;
mod stage;

pub(crate) use class_key_stage::ClassKeyStage;
pub(crate) use column_key_stage::ColumnKeyStage;
pub(crate) use restore::RestoreStage;
pub use stage::Existing;
pub(crate) use stage::{SplitOptions, SplitStage};
