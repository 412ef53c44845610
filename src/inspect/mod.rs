//! `inspect`: what the data is worth. One pass over all rows counts findings; nothing is removed or changed.
//!
//! A finding is one file below `findings/` and a line in its list. Most look at one row at a time, on any worker; the
//! others follow from facts of all rows, which merge in any order.

mod affix;
mod asked;
mod between;
mod calls;
mod case;
mod checks;
mod classes;
mod counted_tokens;
mod distinct;
mod edges;
mod enough;
mod excerpt;
mod expected;
mod facts;
mod finding;
mod findings;
mod frequent;
mod groups;
mod in_order;
mod lengths;
mod literals;
mod look;
mod masked;
mod other_set;
mod other_set_sink;
mod own_text;
mod packed_places;
mod preferences;
mod prompt_index;
mod ready;
mod rendered;
mod report;
mod representative;
mod row;
mod row_examples;
mod row_keys;
mod row_lines;
mod rules;
mod scripts;
mod sequences;
mod sink;
mod tally;
mod task;
mod thousands;
mod token_counter;
mod tokens;
mod whole;

pub(crate) use asked::Asked;
pub(crate) use between::Compared;
pub(crate) use expected::Expected;
pub(crate) use finding::Harm;
pub(crate) use findings::FINDINGS;
pub(crate) use groups::By;
pub(crate) use other_set_sink::OtherSetSink;
pub(crate) use own_text::{OwnPart, OwnText};
pub(crate) use rendered::{OpenRendered, RenderFault, RenderRows, Rendered};
pub(crate) use report::Context;
pub(crate) use row::{CallTexts, OpenRows, ReadRows, Row, Speaker, Text};
pub(crate) use row_lines::RowLines;
pub(crate) use rules::{CheckRows, Rule};
pub(crate) use sink::Inspect;
pub(crate) use token_counter::TokenCounter;
pub(crate) use tokens::has_tokens;
