//! Against `tokenizers` itself, with tiny tokenizers of every family and the real ones where they are.

mod stage;
mod turns;
