//! What the user asks `inspect` for, beside the findings.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::expected::Expected;
use super::rendered::RenderRows;
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
    /// Renders rows, if they are rendered.
    pub(crate) rendered: Option<Arc<dyn RenderRows>>,
    /// What texts are expected to be.
    pub(crate) expected: Vec<Expected>,
    /// The codes of findings that count for nothing, each with the reason of the user.
    pub(crate) silenced: BTreeMap<String, String>,
}
