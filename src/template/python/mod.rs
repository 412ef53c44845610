//! How Python sees and prints text and numbers.

mod float;
mod repr;
mod space;

pub(super) use float::float;
pub(super) use repr::repr;
pub(super) use space::{is_space, split_lines, strip, strip_end, strip_start};
