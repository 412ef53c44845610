//! Rows of text to rows of ids: `input_ids`, `labels`, and the runs of tokens that say what a label cannot.
//!
//! The ids of a row are those of its prompt, exactly as they will be at inference, then those of its completion
//! as a continuation; BOS before and EOS after, once.

mod added;
mod as_text;
mod bpe;
mod cache;
mod chunks;
mod columns;
mod continuation;
mod control;
pub mod encoder;
#[cfg(test)]
mod fixtures;
mod folder;
mod guard;
pub mod lists;
pub mod load;
mod mark_ids;
mod normal;
mod options;
pub mod pieces;
mod pretokenize;
mod probe;
mod ranks;
mod row;
mod strings;
#[cfg(test)]
mod tests;
mod text;
mod trust;

use std::sync::Arc;

pub use as_text::Span;
pub use encoder::{Encoder, Session};
pub use load::{LoadedTokenizer, TokenNames};
pub use options::{End, OnOverflow, TokenizeOptions};

use crate::added::control::ControlToken;
use crate::error::{Class, Error, Result};
use crate::record::{Batch, Policy, Removal, SpecialPolicy, finding, reason, schema};
use crate::report::StepCounts;
use crate::stage::Map;
use columns::Columns;
use control::Control;
use mark_ids::MarkIds;
use row::{Fit, Row};
use text::{RowText, Texts};

/// The step `tokenize`.
///
/// Sums it counts: `tokens`, `trained_tokens` (labels after a row's first that are not −100), `truncated` rows,
/// and with a stop `stop_rows` (rows whose completion ends in it, uncut) and `stop_stable` (those of them whose
/// ids end in the ids of the stop alone). Findings: `doubled_bos_avoided` and `doubled_eos_avoided`, where the
/// text brought the token itself, `doubled_bos`, where it brought two, and `special_token_in_text:<token>`, where the
/// tokenizer made a control token of text that does not write it.
pub struct TokenizeStage {
    encoder: Arc<Encoder>,
    control: Arc<Control>,
    options: TokenizeOptions,
    prefix: Vec<i32>,
    bos_id: Option<i32>,
    marks: MarkIds,
}

/// A row whose ids are the end of the ids so far.
struct Encoded {
    row: Row,
    bos_avoided: bool,
    eos_avoided: bool,
    eos_added: bool,
    /// Whether the ids of the stop are its own, where the completion ends in it.
    stop_stable: Option<bool>,
    /// Control tokens that the text does not write.
    made: Vec<Made>,
}

/// A control token that the text does not write.
struct Made {
    column: &'static str,
    token: String,
    /// Whether the ids hold it still.
    stays: bool,
}

/// A part of a row.
struct Part<'t> {
    column: &'static str,
    text: &'t str,
    spans: &'t [Span],
    at_start: bool,
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
        Ok(TokenizeStage {
            encoder: tokenizer.encoder().clone(),
            control: tokenizer.control.clone(),
            prefix: if options.add_bos { tokenizer.prefix_ids.clone() } else { Vec::new() },
            bos_id: tokenizer.bos_id,
            marks: MarkIds::new(tokenizer, &options)?,
            options,
        })
    }

    /// Appends the ids of one row.
    fn encode(
        &self,
        session: &mut Session<'_>,
        text: &RowText,
        verify: bool,
        ids: &mut Vec<i32>,
    ) -> Result<Encoded> {
        let start = ids.len();
        ids.extend_from_slice(&self.prefix);
        let mut made = Vec::new();
        let prompt =
            Part { column: schema::PROMPT, text: text.prompt, spans: &text.prompt_spans, at_start: true };
        self.append(session, &prompt, verify, ids, &mut made)?;
        let prefix = self.prefix.len();
        let mut bos_avoided = self.avoid_bos(start, ids);
        let context = ids.len() - start;
        // A prompt without ids leaves the start of the text to the completion.
        let completion = Part {
            column: schema::COMPLETION,
            text: text.completion,
            spans: &text.completion_spans,
            at_start: context == prefix && !bos_avoided,
        };
        self.append(session, &completion, verify, ids, &mut made)?;
        if completion.at_start && self.avoid_bos(start, ids) {
            // The text brings BOS itself: it stays what no cut takes away.
            bos_avoided = true;
        }
        let completion = &ids[start + context..];
        let ends_in_stop =
            self.options.stop.as_ref().is_some_and(|stop| text.completion.ends_with(stop.as_str()));
        let stop_stable = ends_in_stop.then(|| completion.ends_with(&self.marks.stop));
        let eos_id = self.options.end.eos_id();
        let eos_avoided = eos_id.is_some() && completion.last().copied() == eos_id;
        if !eos_avoided {
            ids.extend(eos_id);
        }
        let row = Row { start, prefix, context, target: ids.len() - start - context };
        let eos_added = eos_id.is_some() && !eos_avoided;
        Ok(Encoded { row, bos_avoided, eos_avoided, eos_added, stop_stable, made })
    }

    /// Takes the prefix off where the text that follows it brings one; says whether it did.
    fn avoid_bos(&self, start: usize, ids: &mut Vec<i32>) -> bool {
        let prefix = self.prefix.len();
        let avoided = prefix > 0 && ids[start + prefix..].starts_with(&self.prefix);
        if avoided {
            ids.drain(start..start + prefix);
        }
        avoided
    }

    /// Appends the ids of a part. Where they hold a control token that it does not write and all is to be plain
    /// text, it is encoded again, so that only what it writes is a control token.
    fn append(
        &self,
        session: &mut Session<'_>,
        part: &Part,
        verify: bool,
        ids: &mut Vec<i32>,
        made: &mut Vec<Made>,
    ) -> Result<()> {
        let start = ids.len();
        encode_part(session, part, !part.spans.is_empty(), ids)?;
        if verify && part.spans.is_empty() {
            verified(session, part, &ids[start..])?;
        }
        let mut found = self.control.made(part.text, part.spans, &ids[start..]);
        if found.is_empty() {
            return Ok(());
        }
        let note = |stays: bool| {
            move |token: &&ControlToken| Made { column: part.column, token: token.content.clone(), stays }
        };
        if self.options.special_tokens == SpecialPolicy::AsText && part.spans.is_empty() {
            ids.truncate(start);
            encode_part(session, part, true, ids)?;
            let left = self.control.made(part.text, part.spans, &ids[start..]);
            made.extend(found.iter().skip(left.len()).map(note(false)));
            found = left;
        }
        made.extend(found.iter().map(note(true)));
        Ok(())
    }

    /// What speaks against a row whose ids hold a control token that its text does not write.
    fn refuse(&self, made: &[Made]) -> Option<(Policy, Removal)> {
        let Made { column, token, .. } = made.iter().find(|m| m.stays)?;
        let (policy, note) = match self.options.special_tokens {
            SpecialPolicy::AsToken => return None,
            SpecialPolicy::Remove(policy) => (policy, ""),
            SpecialPolicy::Strip => (Policy::Reject, "; strip does not help"),
            SpecialPolicy::AsText => (Policy::Reject, "; as_text does not help"),
        };
        let detail =
            format!("control token {token:?} in the ids of `{column}`, made of text written otherwise{note}");
        let column = Some((*column).to_string());
        Some((policy, Removal { index: 0, code: reason::SPECIAL_TOKEN_IN_TEXT, column, detail }))
    }

    /// Tokens at the prompt's end that a cut leaves: those that are not the ones of its body alone, so that they hold
    /// the separator, and one before them.
    fn kept(
        &self,
        session: &mut Session<'_>,
        text: &RowText,
        encoded: &Encoded,
        ids: &[i32],
    ) -> Result<usize> {
        let Encoded { row, bos_avoided, .. } = encoded;
        let cut = self.options.max_length.is_some_and(|limit| row.len() > limit);
        if !cut || self.options.on_overflow != OnOverflow::TruncatePromptLeft {
            return Ok(0);
        }
        let first = row.start + if *bos_avoided { 0 } else { row.prefix };
        let prompt = &ids[first..row.end_of_context()];
        let separator = self.options.separator.as_deref().unwrap_or_default();
        let body = text.prompt.strip_suffix(separator).unwrap_or(text.prompt);
        // A control token that is plain text may reach into the separator, where the data brought it along.
        let end = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let spans: Vec<Span> = text
            .prompt_spans
            .iter()
            .filter(|(start, _)| *start < end)
            .map(|&(a, b)| (a, b.min(end)))
            .collect();
        let part = Part { column: schema::PROMPT, text: body, spans: &spans, at_start: true };
        let mut alone = Vec::new();
        encode_part(session, &part, !spans.is_empty(), &mut alone)?;
        let same = prompt.iter().zip(&alone).take_while(|(a, b)| a == b).count();
        Ok(prompt.len() - same + 1)
    }

    /// Cuts the row to `max_length`; what speaks against keeping it, where something does.
    fn fit(&self, row: &mut Row, ids: &mut Vec<i32>, kept: usize) -> Result<Fit, (Policy, Removal)> {
        let removal = |code, detail| Removal { index: 0, code, column: None, detail };
        if row.trained() == 0 {
            let detail = format!("the completion makes {} tokens", row.target);
            return Err((Policy::Reject, removal(reason::NO_TRAINED_TOKEN, detail)));
        }
        let Some(limit) = self.options.max_length else { return Ok(Fit::Whole) };
        match row.fit(ids, limit, self.options.on_overflow, kept) {
            Fit::TooLong => {
                let detail = format!(
                    "{} tokens, {} of them the completion; max_length is {limit}",
                    row.len(),
                    row.target
                );
                Err((self.options.on_overflow.policy(), removal(reason::TOO_LONG, detail)))
            }
            fit => Ok(fit),
        }
    }
}

fn encode_part(session: &mut Session<'_>, part: &Part, as_text: bool, ids: &mut Vec<i32>) -> Result<()> {
    let Part { text, spans, .. } = part;
    match (part.at_start, as_text) {
        (true, false) => session.encode_prompt(text, ids),
        (false, false) => session.encode_continuation(text, ids),
        (true, true) => session.encode_prompt_as_text(text, spans, ids),
        (false, true) => session.encode_continuation_as_text(text, spans, ids),
    }
}

/// Fails where the crate has other ids for the part.
fn verified(session: &Session<'_>, part: &Part, ids: &[i32]) -> Result<()> {
    let Some(expected) = session.verify(part.text, part.at_start, ids)? else { return Ok(()) };
    let at = expected.iter().zip(ids).take_while(|(a, b)| a == b).count();
    let show = |ids: &[i32]| ids.get(at).map_or("nothing".to_string(), i32::to_string);
    let what = format!(
        "the ids of `{}` are not those of tokenizers: token {at} is {}, and should be {}",
        part.column,
        show(ids),
        show(&expected)
    );
    let e = Error::new(Class::Tokenizer, "ids_differ", what).column(part.column);
    Err(e.help("this is a bug of fastprep: please report the text of this row and the tokenizer"))
}

impl Map for TokenizeStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let texts = Texts::of(&batch)?;
        let mut session = self.encoder.session();
        let mut columns = Columns::new(batch.rows());
        let mut removals = Vec::new();
        let mut sums = Sums::default();
        for i in 0..batch.rows() {
            let place = batch.places.at(i);
            let text = match texts.row(i) {
                Ok(text) => text,
                Err(column) => {
                    let (code, detail) = (reason::MISSING_FIELD, format!("`{column}` is null"));
                    let column = Some(column.to_string());
                    removals.push((Policy::Reject, Removal { index: i, code, column, detail }));
                    continue;
                }
            };
            let start = columns.ids.len();
            let verify = self.options.verify.is_some_and(|n| place.row.is_multiple_of(n));
            let mut encoded = self
                .encode(&mut session, &text, verify, &mut columns.ids)
                .map_err(|e| e.file(place.file).row(place.row).line(place.line))?;
            for Made { token, .. } in &encoded.made {
                counts.find_named(finding::SPECIAL_TOKEN_IN_TEXT, token, place, 1);
            }
            let fit = match self.refuse(&encoded.made) {
                Some(refused) => Err(refused),
                None => {
                    let kept = self.kept(&mut session, &text, &encoded, &columns.ids)?;
                    self.fit(&mut encoded.row, &mut columns.ids, kept)
                }
            };
            let fit = match fit {
                Ok(fit) => fit,
                Err((policy, removal)) => {
                    columns.ids.truncate(start);
                    removals.push((policy, Removal { index: i, ..removal }));
                    continue;
                }
            };
            let ids = &columns.ids[start..];
            let (prompt, completion) = ids.split_at(encoded.row.context);
            let completion = match (encoded.eos_added, completion) {
                (true, [completion @ .., last]) if Some(*last) == self.options.end.eos_id() => completion,
                _ => completion,
            };
            self.marks.find(prompt, completion, place, counts);
            columns.push(encoded.row)?;
            sums.add(&encoded, fit, self.options.on_overflow);
            *counts.lengths.entry(u32::try_from(encoded.row.len()).unwrap_or(u32::MAX)).or_default() += 1;
            let twice = self.bos_id.is_some_and(|bos| columns.ids[start..].starts_with(&[bos, bos]));
            counts.find(finding::DOUBLED_BOS, place, u64::from(twice));
            counts.find(finding::DOUBLED_BOS_AVOIDED, place, u64::from(encoded.bos_avoided));
            counts.find(finding::NO_EOS, place, u64::from(self.options.end == End::NoEos));
            counts.find(finding::DOUBLED_EOS_AVOIDED, place, u64::from(encoded.eos_avoided));
        }
        sums.report(counts, self.options.stop.is_some());
        let batch = columns.add_to(batch.remove_each(removals, counts)?)?;
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
