//! Rows of text to rows of ids: `input_ids`, `labels`, and the runs of tokens that say what a label cannot.
//!
//! The ids of a row are those of its prompt, exactly as they will be at inference, then those of its completion
//! as a continuation; BOS before and EOS after, once.

mod as_text;
mod columns;
mod continuation;
pub mod encoder;
#[cfg(test)]
mod fixtures;
pub mod lists;
pub mod load;
mod options;
pub mod pieces;
mod probe;
mod row;
mod strings;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

pub use as_text::Span;
pub use encoder::Encoder;
pub use load::{LoadedTokenizer, SpecialToken, TokenNames};
pub use options::{OnOverflow, TokenizeOptions};

use crate::error::{Class, Error, Result};
use crate::record::{Batch, Policy, Removal, reason, schema};
use crate::report::StepCounts;
use crate::stage::Map;
use columns::Columns;
use row::{Fit, Row};
use text::{RowText, Texts};

/// The step `tokenize`.
///
/// Sums it counts: `tokens`, `trained_tokens` (labels after a row's first that are not −100), `truncated` rows,
/// and with a stop `stop_rows` (rows whose completion ends in it, uncut) and `stop_stable` (those of them whose
/// ids end in the ids of the stop alone). Findings: `doubled_bos_avoided` and `doubled_eos_avoided`, where the
/// text brought the token itself, and `doubled_bos`, where it brought two.
pub struct TokenizeStage {
    encoder: Arc<Encoder>,
    options: TokenizeOptions,
    prefix: Vec<i32>,
    bos_id: Option<i32>,
    stop_ids: Vec<i32>,
}

/// A row whose ids are the end of the ids so far.
struct Encoded {
    row: Row,
    bos_avoided: bool,
    eos_avoided: bool,
    /// Whether the ids of the stop are its own, where the completion ends in it.
    stop_stable: Option<bool>,
}

#[derive(Default)]
struct Sums {
    tokens: u64,
    trained: u64,
    truncated: u64,
    stop_rows: u64,
    stop_stable: u64,
}

impl TokenizeStage {
    /// The step for this tokenizer.
    ///
    /// # Errors
    /// `Plan`, when `max_length` is below 2; `Tokenizer`, when it cannot encode the stop.
    pub fn new(tokenizer: &LoadedTokenizer, options: TokenizeOptions) -> Result<Self> {
        if let Some(limit @ 0..2) = options.max_length {
            let what =
                format!("tokenize: max_length is {limit}, but a row that trains has 2 tokens at least");
            return Err(Error::new(Class::Plan, "bad_max_length", what));
        }
        let mut stop_ids = Vec::new();
        if let Some(stop) = &options.stop {
            tokenizer.encoder().encode_continuation(stop, &mut stop_ids)?;
        }
        Ok(TokenizeStage {
            encoder: tokenizer.encoder().clone(),
            prefix: if options.add_bos { tokenizer.prefix_ids.clone() } else { Vec::new() },
            bos_id: tokenizer.bos_id,
            stop_ids,
            options,
        })
    }

    /// Appends the ids of one row.
    fn encode(&self, text: &RowText, ids: &mut Vec<i32>) -> Result<Encoded> {
        let start = ids.len();
        ids.extend_from_slice(&self.prefix);
        self.append(text.prompt, &text.prompt_spans, true, ids)?;
        let prefix = self.prefix.len();
        let bos_avoided = prefix > 0 && ids[start + prefix..].starts_with(&self.prefix);
        if bos_avoided {
            ids.drain(start..start + prefix);
        }
        let context = ids.len() - start;
        // A prompt without ids leaves the start of the text to the completion.
        self.append(text.completion, &text.completion_spans, context == prefix && !bos_avoided, ids)?;
        let completion = &ids[start + context..];
        let ends_in_stop =
            self.options.stop.as_ref().is_some_and(|stop| text.completion.ends_with(stop.as_str()));
        let stop_stable = ends_in_stop.then(|| completion.ends_with(&self.stop_ids));
        let eos_avoided = self.options.eos_id.is_some() && completion.last().copied() == self.options.eos_id;
        if !eos_avoided {
            ids.extend(self.options.eos_id);
        }
        let row = Row { start, prefix, context, target: ids.len() - start - context };
        Ok(Encoded { row, bos_avoided, eos_avoided, stop_stable })
    }

    fn append(&self, text: &str, spans: &[Span], at_start: bool, ids: &mut Vec<i32>) -> Result<()> {
        match (at_start, spans) {
            (true, []) => self.encoder.encode_prompt(text, ids),
            (false, []) => self.encoder.encode_continuation(text, ids),
            (true, spans) => self.encoder.encode_prompt_as_text(text, spans, ids),
            (false, spans) => self.encoder.encode_continuation_as_text(text, spans, ids),
        }
    }

    /// Cuts the row to `max_length`; what speaks against keeping it, where something does.
    fn fit(&self, row: &mut Row, ids: &mut Vec<i32>) -> Result<Fit, (&'static str, String)> {
        if row.trained() == 0 {
            return Err((reason::NO_TRAINED_TOKEN, format!("the completion makes {} tokens", row.target)));
        }
        let Some(limit) = self.options.max_length else { return Ok(Fit::Whole) };
        match row.fit(ids, limit, self.options.on_overflow) {
            Fit::TooLong => {
                let detail = format!(
                    "{} tokens, {} of them the completion; max_length is {limit}",
                    row.len(),
                    row.target
                );
                Err((reason::TOO_LONG, detail))
            }
            fit => Ok(fit),
        }
    }

    /// Takes the rows out: those too long by the policy asked for, others as rejects.
    fn remove(&self, batch: Batch, mut removals: Vec<Removal>, counts: &mut StepCounts) -> Result<Batch> {
        let policy = self.options.on_overflow.policy();
        if policy == Policy::Reject {
            return batch.remove(removals, Policy::Reject, counts);
        }
        let too_long: Vec<Removal> = removals.extract_if(.., |r| r.code == reason::TOO_LONG).collect();
        for removal in &mut removals {
            removal.index -= too_long.partition_point(|r| r.index < removal.index);
        }
        batch.remove(too_long, policy, counts)?.remove(removals, Policy::Reject, counts)
    }
}

impl Map for TokenizeStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let texts = Texts::of(&batch)?;
        let mut columns = Columns::new(batch.rows());
        let mut removals = Vec::new();
        let mut sums = Sums::default();
        for i in 0..batch.rows() {
            let place = batch.places.at(i);
            let text = match texts.row(i) {
                Ok(text) => text,
                Err(column) => {
                    let (code, detail) = (reason::MISSING_FIELD, format!("`{column}` is null"));
                    removals.push(Removal { index: i, code, column: Some(column.to_string()), detail });
                    continue;
                }
            };
            let start = columns.ids.len();
            let mut encoded = self
                .encode(&text, &mut columns.ids)
                .map_err(|e| e.file(place.file).row(place.row).line(place.line))?;
            let fit = match self.fit(&mut encoded.row, &mut columns.ids) {
                Ok(fit) => fit,
                Err((code, detail)) => {
                    columns.ids.truncate(start);
                    removals.push(Removal { index: i, code, column: None, detail });
                    continue;
                }
            };
            columns.push(encoded.row)?;
            sums.add(&encoded, fit, self.options.on_overflow);
            *counts.lengths.entry(u32::try_from(encoded.row.len()).unwrap_or(u32::MAX)).or_default() += 1;
            let twice = self.bos_id.is_some_and(|bos| columns.ids[start..].starts_with(&[bos, bos]));
            counts.find("doubled_bos", place, u64::from(twice));
            counts.find("doubled_bos_avoided", place, u64::from(encoded.bos_avoided));
            counts.find("doubled_eos_avoided", place, u64::from(encoded.eos_avoided));
        }
        sums.report(counts, self.options.stop.is_some());
        let batch = columns.add_to(self.remove(batch, removals, counts)?)?;
        if self.options.keep_text {
            Ok(batch)
        } else {
            batch.without_columns(&[schema::PROMPT, schema::COMPLETION])
        }
    }
}

impl Sums {
    fn add(&mut self, encoded: &Encoded, fit: Fit, on_overflow: OnOverflow) {
        self.tokens += encoded.row.len() as u64;
        self.trained += encoded.row.trained() as u64;
        self.truncated += u64::from(fit == Fit::Truncated);
        let stop_lost = fit == Fit::Truncated && on_overflow == OnOverflow::TruncateCompletion;
        if let Some(stable) = encoded.stop_stable.filter(|_| !stop_lost) {
            self.stop_rows += 1;
            self.stop_stable += u64::from(stable);
        }
    }

    fn report(self, counts: &mut StepCounts, with_stop: bool) {
        counts.add("tokens", self.tokens);
        counts.add("trained_tokens", self.trained);
        counts.add("truncated", self.truncated);
        if with_stop {
            counts.add("stop_rows", self.stop_rows);
            counts.add("stop_stable", self.stop_stable);
        }
    }
}
