//! What the user asks `inspect` for, beside the findings.

use std::collections::BTreeMap;

use super::expected::Expected;
use super::rules::Rule;
use super::token_counter::TokenCounter;

/// What the user asks for, beside the findings.
#[derive(Default)]
pub(crate) struct Asked {
    /// Counts tokens, if they are counted.
    pub(crate) counter: Option<TokenCounter>,
    /// The most tokens of a row.
    pub(crate) context: Option<u64>,
    /// The rules of the user.
    pub(crate) rules: Vec<Rule>,
    /// What texts are expected to be.
    pub(crate) expected: Vec<Expected>,
    /// The codes of findings that count for nothing, each with the reason of the user.
    pub(crate) silenced: BTreeMap<String, String>,
}
