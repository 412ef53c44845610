//! `shuffle`: gives rows a random order.

mod barrier;

pub use barrier::Shuffle;
