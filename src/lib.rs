//! `fastprep` turns raw fine-tuning examples into checked training shards.
//!
//! The crate is layered; a module imports only from the layers before it, and stages never import one
//! another (`tests/core/layers.rs` checks it):
//!
//! 1. foundation: [`error`], [`limits`], [`hash`], [`permutation`], [`cancel`], [`guard`], [`word`],
//!    [`personal_data`], [`json`], [`record`], [`report`], [`store`], [`flow`], [`spill`], [`artifact`]
//! 2. [`tokenizer`]: text to ids; [`template`]: chat templates
//! 3. [`chat`]: dialogues as text
//! 4. stages: `read`, `select`, `compute`, `validate`, `repair`, `dialect`, `format`, `dedup`, `split`, `tokenize`, `shuffle`,
//!    `choose`, `pack`, `inspect`, `lint`, `write`, `load`
//! 5. `plan`: steps as data, resolved and explained without reading a row
//! 6. `engine`: the only place that creates threads
//! 7. `py`: the binding, the only place that names pyo3

// Without the binding, what only it uses is unused.
#![cfg_attr(not(feature = "python"), allow(dead_code, unused_imports))]

mod arrow_result;
pub mod artifact;
pub mod cancel;
pub mod chat;
mod choose;
pub mod compute;
pub mod dedup;
pub mod dialect;
pub mod engine;
pub mod error;
pub mod flow;
pub mod format;
pub mod guard;
pub mod hash;
pub mod inspect;
pub mod json;
pub mod limits;
pub mod lint;
pub mod load;
pub mod pack;
pub mod permutation;
mod personal_data;
pub mod plan;
pub mod read;
pub mod record;
mod repair;
pub mod report;
pub mod select;
pub mod shuffle;
pub mod spill;
pub mod split;
pub mod store;
pub mod template;
#[cfg(test)]
mod testing;
pub mod tokenize;
pub mod tokenizer;
pub mod validate;
pub mod word;
pub mod write;

#[cfg(feature = "python")]
mod py;
