//! Rows that an earlier run has rendered: their columns `text` and `spans`.

use arrow::array::{Array, StringViewArray};

use super::spans_column::read_spans;
use crate::chat::TrainingRow;
use crate::error::Result;
use crate::record::schema::{CHAT_TEXT, SPANS};
use crate::record::{Batch, Policy, Removal, reason, text_views};

/// The columns of a batch.
pub(super) struct RenderedRows {
    texts: StringViewArray,
    spans: StringViewArray,
}

impl RenderedRows {
    /// The columns of a batch.
    ///
    /// # Errors
    /// `internal`: the batch lacks one.
    pub(super) fn new(batch: &Batch) -> Result<Self> {
        let views = |name| text_views(batch.column(name)?.as_ref());
        Ok(RenderedRows { texts: views(CHAT_TEXT)?, spans: views(SPANS)? })
    }

    /// Row `index`, or why it is removed.
    pub(super) fn row(&self, index: usize) -> std::result::Result<TrainingRow, (Policy, Removal)> {
        let is_there = self.texts.is_valid(index) && self.spans.is_valid(index);
        let text = if is_there { self.texts.value(index) } else { "" };
        let spans = is_there.then(|| read_spans(text, self.spans.value(index))).flatten();
        let Some(spans) = spans else {
            let detail = format!("`{SPANS}` is not a list of spans that cover `{CHAT_TEXT}`");
            let removal = Removal { index, code: reason::WRONG_TYPE, column: Some(SPANS.into()), detail };
            return Err((Policy::Reject, removal));
        };
        Ok(TrainingRow { text: text.to_string(), spans, faults: Vec::new(), marks: Vec::new() })
    }
}
