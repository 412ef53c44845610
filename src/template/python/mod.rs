//! How Python sees and prints text and numbers.

mod float;
mod repr;
mod space;

pub(super) use float::float;
pub(crate) use repr::repr;
pub(crate) use space::is_space;
pub(super) use space::{split_lines, strip, strip_end, strip_start};
