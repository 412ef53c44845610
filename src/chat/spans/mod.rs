//! Which characters of a render come from which text of which message: proven, never searched for.
//!
//! The conversation is rendered as it is, and again with a stand-in for every character of the data. If both renders
//! agree everywhere but at stand-ins, which must stand where the character they stand for stands, the origin of each
//! character is proven. Templates that look into texts break this; then less is replaced.

mod align;
mod closing;
mod control_token;
mod end_token;
mod ends;
mod escape;
mod leaf;
mod probe;
mod proof;
mod provenance;
mod render;
mod stand_in;
mod start;
mod stops;
mod turn;
mod walk;

pub(super) use closing::{Closings, learn_closings};
pub(super) use end_token::EndTokens;
pub(super) use ends::Ends;
pub(super) use escape::json;
pub(super) use leaf::Leaf;
pub(super) use proof::{Lost, Proof, prove};
pub(super) use provenance::is_assistant;
pub(super) use stand_in::{are_free, is_free};
pub(super) use stops::stops;
pub use turn::{TextSpans, TurnSpans};
pub(super) use walk::{Kind, Seen, walk};
