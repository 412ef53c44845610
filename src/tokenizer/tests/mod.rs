//! Compares with `tokenizers` itself, for tiny tokenizers of every family, and for real ones where they are present.

mod encode;
mod joins;
mod load;
