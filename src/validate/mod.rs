//! `validate`: removes rows that break a rule.

mod stage;

pub(crate) use stage::{Check, Rule, ValidateStage};
