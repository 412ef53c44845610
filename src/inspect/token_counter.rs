//! Numbers of tokens: of prompts, answers and rows, and of the classes.

use std::sync::Arc;

use serde_json::{Value, json};

use super::counted_tokens::{CountedLengths, CountedTokens};
use super::edges::is_mark;
use super::facts::Counts;
use super::row::Row;
use crate::error::Result;
use crate::record::turns::Branch;
use crate::tokenizer::{LoadedTokenizer, Session};

/// The tokenizer that counts.
pub(crate) struct TokenCounter {
    pub(crate) tokenizer: Arc<LoadedTokenizer>,
    /// Its name in reports.
    pub(crate) name: String,
}

/// Counts tokens on one worker.
pub(super) struct Counter<'t> {
    session: Session<'t>,
    ids: Vec<i32>,
}

impl TokenCounter {
    pub(super) fn counter(&self) -> Counter<'_> {
        Counter { session: self.tokenizer.encoder().session(), ids: Vec::new() }
    }

    /// What is reported of the lengths of all rows.
    pub(super) fn to_json(&self, lengths: &CountedLengths) -> Value {
        json!({
            "tokenizer": self.name,
            "prompt": lengths.prompt.to_json(),
            "answer": lengths.answer.to_json(),
            "row": lengths.row.with_histogram(),
        })
    }

    /// The tokens of each class, in the order of their rank; none where answers are no classes. The stop that all of them
    /// end in is left out.
    ///
    /// # Errors
    /// `Tokenizer`: the tokenizer has no id for a part of a text.
    pub(super) fn of_classes(&self, counts: &Counts) -> Result<Vec<u64>> {
        let Some(ranked) = counts.classes.ranked() else { return Ok(Vec::new()) };
        let stop = Some(counts.answer_affixes.suffix()).filter(|suffix| is_mark(suffix)).unwrap_or_default();
        let mut counter = self.counter();
        let classes = ranked.iter().map(|(class, _)| class.strip_suffix(stop).unwrap_or(class));
        classes.map(|class| counter.text(class, false)).collect()
    }
}

impl Counter<'_> {
    /// The tokens of a row.
    ///
    /// # Errors
    /// `Tokenizer`: the tokenizer has no id for a part of a text.
    pub(super) fn row(&mut self, row: &Row<'_>) -> Result<CountedTokens> {
        let tools = row.tools.map_or(Ok(0), |tools| self.text(tools, true))?;
        let mut texts = Vec::with_capacity(row.texts.len());
        for (i, said) in row.texts.iter().enumerate() {
            texts.push(self.text(said.whole, i == 0)?);
        }
        let (before, last) = texts.split_at(row.prompt_len());
        let prompt = tools + before.iter().sum::<u64>();
        let said = row.texts.iter().skip(row.prompt_len()).zip(last);
        let (rejected, good): (Vec<_>, Vec<_>) = said.partition(|(said, _)| said.branch == Branch::Rejected);
        let sum = |answer: Vec<(_, &u64)>| answer.into_iter().map(|(_, n)| n).sum::<u64>();
        let answer = sum(rejected).max(sum(good));
        Ok(CountedTokens { prompt, answer })
    }

    fn text(&mut self, text: &str, is_start: bool) -> Result<u64> {
        self.ids.clear();
        match is_start {
            true => self.session.encode_prompt(text, &mut self.ids)?,
            false => self.session.encode_continuation(text, &mut self.ids)?,
        }
        Ok(self.ids.len() as u64)
    }
}
