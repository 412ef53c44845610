//! The stage of `format` for conversations with preferences.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::columns;
use super::options::AnswersOptions;
use super::read_answers::{AnswersOfRow, OpenAnswers, ReadAnswers};
use super::row::{AnswersRow, Rendered, join};
use crate::chat::{AnswerRow, ChatFormat, Conversation};
use crate::error::Result;
use crate::flow::Map;
use crate::format::{ChatStage, ChatStageOptions};
use crate::record::turns::Branch;
use crate::record::{Batch, Place, Policy, Removal, reason};
use crate::report::StepCounts;

/// Renders conversations with preferences: replaces the columns that they are read from by the rendered prompt and answers,
/// and adds the hidden columns that `tokenize` reads.
pub(crate) struct AnswersChatStage {
    chat: ChatStage,
    rows: Box<dyn ReadAnswers>,
    /// The columns of the conversations.
    consumed: Vec<String>,
    options: AnswersOptions,
}

/// The answers of a row, each with its branch, and the key of its prompt.
type Made = (Vec<(Branch, AnswerRow)>, u128);

/// A row that is removed.
type Removed = (Policy, Removal);

impl AnswersChatStage {
    /// The stage of a format.
    ///
    /// # Errors
    /// `internal`.
    pub(crate) fn new(
        format: Arc<ChatFormat>,
        rows: Box<dyn ReadAnswers>,
        consumed: Vec<String>,
        chat: ChatStageOptions,
        options: AnswersOptions,
    ) -> Result<Self> {
        let chat = ChatStage::new(format, None, Vec::new(), chat)?;
        Ok(AnswersChatStage { chat, rows, consumed, options })
    }

    /// The answers of a row, or why it is removed.
    fn row(
        &self,
        opened: &dyn OpenAnswers,
        index: usize,
        place: Place,
        counts: &mut StepCounts,
    ) -> Result<std::result::Result<Made, Removed>> {
        let AnswersOfRow { prompt, conversations, tools } = match opened.row(index) {
            Ok(read) => read,
            Err(not_read) => {
                let (code, column, detail) = (reason::NOT_IN_DIALECT, not_read.column, not_read.detail);
                return Ok(Err((Policy::Reject, Removal { index, code, column, detail })));
            }
        };
        let (mut answers, mut key) = (Vec::new(), None);
        for (branch, messages) in conversations {
            let parsed = Conversation::parse(&messages, tools.as_deref());
            let at_row = |(policy, removal): Removed| (policy, Removal { index, ..removal });
            let (conversation, own_key) = match self.chat.prepared(parsed, place, counts)? {
                Ok(prepared) => prepared,
                Err(removed) => return Ok(Err(at_row(removed))),
            };
            let answer = match self.chat.made(|chat| chat.answer_row(&conversation, prompt))? {
                Ok(answer) => answer,
                Err(removed) => return Ok(Err(at_row(removed))),
            };
            // What is wrong with the prompt was counted with the first answer.
            let first_message = if answers.is_empty() { 0 } else { prompt };
            if let Some(removed) = self.chat.examine(&answer.row, first_message, 0, place, counts) {
                return Ok(Err(at_row(removed)));
            }
            key.get_or_insert(own_key);
            answers.push((branch, answer));
        }
        Ok(Ok((answers, key.unwrap_or_default())))
    }
}

impl Map for AnswersChatStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let mut removals: BTreeMap<usize, Removed> = BTreeMap::new();
        let mut made: Vec<(usize, Made)> = Vec::new();
        {
            let opened = self.rows.open(&batch)?;
            for index in 0..batch.rows() {
                let place = batch.places.at(index);
                match self.row(opened.as_ref(), index, place, counts) {
                    Ok(Ok(row)) => made.push((index, row)),
                    Ok(Err(removed)) => drop(removals.insert(index, removed)),
                    Err(e) => return Err(e.file(place.file).row(place.row).line(place.line)),
                }
            }
        }
        // The answers of all rows with this number, searched together for control tokens.
        let each = made.iter().map(|(_, (answers, _))| answers.len()).max().unwrap_or(0);
        let mut rendered: BTreeMap<usize, Vec<Rendered>> = BTreeMap::new();
        let mut keys: BTreeMap<usize, u128> = BTreeMap::new();
        let mut rest: Vec<(usize, std::vec::IntoIter<(Branch, AnswerRow)>)> = Vec::new();
        for (index, (answers, key)) in made {
            keys.insert(index, key);
            rest.push((index, answers.into_iter()));
        }
        for _ in 0..each {
            let (mut rows, mut heads) = (Vec::new(), Vec::new());
            for (index, answers) in &mut rest {
                let Some((branch, AnswerRow { row, prompt })) = answers.next() else { continue };
                rows.push((*index, row));
                heads.push((branch, prompt));
            }
            let mut found = self.chat.scan(&rows, &batch.places, counts);
            for ((index, row), (branch, prompt)) in rows.into_iter().zip(heads) {
                let as_text = found.as_text.remove(&index);
                let answer = Rendered { branch, text: row.text, prompt, spans: row.spans, as_text };
                rendered.entry(index).or_default().push(answer);
            }
            for (index, removed) in found.removals {
                removals.entry(index).or_insert(removed);
            }
        }
        let mut rows: Vec<AnswersRow> = Vec::new();
        let mut kept_keys = Vec::new();
        for (index, answers) in rendered {
            if removals.contains_key(&index) {
                continue;
            }
            match join(&answers, &self.options) {
                Ok(row) => {
                    rows.push(row);
                    kept_keys.push(keys.get(&index).copied().unwrap_or_default());
                }
                Err((policy, code, detail)) => {
                    removals.insert(index, (policy, Removal { index, code, column: None, detail }));
                }
            }
        }
        let batch = batch.remove_each(removals.into_values().collect(), counts)?;
        let keys = self.chat.needs_prompt_key().then_some(kept_keys.as_slice());
        columns::add(batch, &rows, self.options.answers, keys, &self.consumed)
    }
}
