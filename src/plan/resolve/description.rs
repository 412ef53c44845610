//! What manifests, reports and `explain` show of a resolved plan.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::artifact::manifest::Input;
use crate::chat::ChatFormat;
use crate::error::Result;
use crate::format::PromptFormat;
use crate::hash;
use crate::lint::Target;
use crate::record::{Answers, Policy};
use crate::tokenize::End;
use crate::tokenizer::LoadedTokenizer;

/// What manifests, reports and `explain` show of a resolved plan.
#[derive(Default)]
pub(crate) struct Description {
    /// The lines of `explain`.
    pub(crate) lines: Vec<String>,
    /// The JSON of the plan as it is published.
    pub plan: Value,
    pub(crate) format: Option<Arc<PromptFormat>>,
    /// The chat format, if conversations are rendered.
    pub(crate) chat: Option<Arc<ChatFormat>>,
    /// Which answers the rows have.
    pub(crate) answers: Answers,
    /// What happens to rows whose two answers are the same; none: they stay.
    pub(crate) on_same_answers: Option<Policy>,
    pub(crate) tokenizer: Option<Arc<LoadedTokenizer>>,
    /// The limit of tokens per row.
    pub(crate) max_length: Option<usize>,
    /// What ends each tokenized row.
    pub(crate) end: Option<End>,
    /// How the keys of `dedup` are made, if there is one.
    pub key_recipe: Option<String>,
    /// The names of the earlier folders of all steps, as they are published.
    pub(crate) against: Vec<String>,
    /// The data folders of those earlier folders, named by digest.
    pub(crate) earlier: Vec<String>,
    /// The column whose shares are reported.
    pub(crate) report_by: Option<String>,
    /// Where the conversations will be used that the last step writes.
    pub(crate) target: Option<&'static Target>,
}

impl Description {
    /// The JSON of the format that rendered the rows; null if none did.
    ///
    /// # Errors
    /// None that a format can have.
    pub(crate) fn published_format(&self) -> Result<Value> {
        let json = match (&self.format, &self.chat) {
            (Some(format), _) => format.to_json(),
            (None, Some(chat)) => chat.to_json()?,
            (None, None) => return Ok(Value::Null),
        };
        Ok(serde_json::from_str(&json).unwrap_or(Value::Null))
    }

    /// The digest of all that decides the output: the JSON of the plan, the earlier folders, and the content of what
    /// was read. `streams` are the digests of the sources in memory, in order.
    pub(crate) fn fingerprint(&self, inputs: &[Input], streams: &[Option<String>]) -> String {
        let files: Vec<&Option<String>> = inputs.iter().map(|input| &input.xxh3).collect();
        let all = json!({"plan": self.plan, "against": self.earlier, "inputs": files, "streams": streams});
        hash::digest_hex(all.to_string().as_bytes())
    }
}
