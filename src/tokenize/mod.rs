//! Rows of text to rows of ids: `input_ids`, `labels`, and the runs of tokens that say what a label cannot.
//!
//! A row is turns. Those that train alike are encoded at once: the first as they will be at inference, each further
//! one as a continuation of what is before it; BOS before the row and EOS after it, once. A prompt and its completion
//! are two turns.

pub(crate) mod batch_api;
mod columns;
mod mark_ids;
mod options;
mod row;
mod strings;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

pub use options::{End, OnOverflow, TokenizeOptions};

use crate::error::{Class, Error, Result};
use crate::flow::Map;
use crate::record::{Batch, Policy, Removal, SpecialPolicy, finding, reason, schema};
use crate::report::StepCounts;
use crate::tokenizer::added::ControlToken;
use crate::tokenizer::{Control, Encoder, LoadedTokenizer, Session, Span};
use columns::Columns;
use mark_ids::MarkIds;
use row::{Fit, Row, Run};
use text::{RowText, Texts};

/// The step `tokenize`.
///
/// Sums it counts: `tokens`, `trained_tokens` (labels after a row's first that are not −100), `truncated` rows,
/// and with a stop `stop_rows` (rows whose last turn ends in it, uncut) and `stop_stable` (those of them whose
/// ids end in the ids of the stop alone). Findings: `doubled_bos_avoided` and `doubled_eos_avoided`, where the
/// text brought the token itself, `doubled_bos`, where it brought two, and `special_token_in_text:<token>`, where the
/// tokenizer made a control token of text that does not write it.
pub(crate) struct TokenizeStage {
    encoder: Arc<Encoder>,
    control: Arc<Control>,
    options: TokenizeOptions,
    prefix: Vec<i32>,
    bos_id: Option<i32>,
    marks: MarkIds,
}

/// A row whose ids are the end of the ids so far.
#[derive(Default)]
struct Encoded {
    row: Row,
    bos_avoided: bool,
    eos_avoided: bool,
    eos_added: bool,
    /// The last part before which the row had no ids.
    starts_with: usize,
    /// Whether the ids of the stop are its own, where the row ends in it.
    stop_stable: Option<bool>,
    /// Control tokens that the text does not write.
    made: Vec<Made>,
}

/// A control token that the text does not write.
struct Made {
    /// The column or the role of the part.
    name: &'static str,
    token: String,
    /// Whether the ids hold it still.
    stays: bool,
}

/// A text that is encoded at once.
struct Encoding<'t> {
    /// The column or the role that it comes from.
    name: &'static str,
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
    pub(crate) fn new(tokenizer: &LoadedTokenizer, options: TokenizeOptions) -> Result<Self> {
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

    /// Appends the ids of one row, part after part, and says in `encoded` what they are.
    fn encode(
        &self,
        session: &mut Session<'_>,
        text: &RowText<'_>,
        verify: bool,
        ids: &mut Vec<i32>,
        encoded: &mut Encoded,
    ) -> Result<()> {
        let (start, prefix) = (ids.len(), self.prefix.len());
        let mut runs = std::mem::take(&mut encoded.row.runs);
        *encoded = Encoded::default();
        runs.clear();
        let weight = text.parts.first().map_or(1.0, |part| part.weight);
        runs.push(Run { tokens: prefix, trained: false, weight });
        ids.extend_from_slice(&self.prefix);
        for (i, part) in text.parts.iter().enumerate() {
            let before = ids.len();
            // A part without ids leaves the start of the text to the next.
            let at_start = before - start == prefix && !encoded.bos_avoided;
            let encoding = Encoding { name: part.name, text: part.text, spans: text.plain(part), at_start };
            self.append(session, &encoding, verify, ids, &mut encoded.made)?;
            if at_start {
                encoded.starts_with = i;
                // The text brings BOS itself: it stays what no cut takes away.
                encoded.bos_avoided = self.avoid_bos(start, ids);
            }
            runs.push(Run { tokens: ids.len() - before, trained: part.trained, weight: part.weight });
        }
        if let (Some(part), Some(run)) = (text.parts.last(), runs.last_mut()) {
            let own = &ids[ids.len() - run.tokens..];
            let ends_in_stop =
                self.options.stop.as_ref().is_some_and(|stop| part.text.ends_with(stop.as_str()));
            encoded.stop_stable = ends_in_stop.then(|| own.ends_with(&self.marks.stop));
            let eos_id = self.options.end.eos_id();
            encoded.eos_avoided = eos_id.is_some() && own.last().copied() == eos_id;
            encoded.eos_added = eos_id.is_some() && !encoded.eos_avoided;
            if encoded.eos_added {
                ids.extend(eos_id);
                run.tokens += 1;
            }
        }
        encoded.row = Row { start, runs };
        Ok(())
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
        part: &Encoding<'_>,
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
            move |token: &&ControlToken| Made { name: part.name, token: token.content.clone(), stays }
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
    fn refuse(&self, made: &[Made], text: &RowText<'_>) -> Option<(Policy, Removal)> {
        let Made { name, token, .. } = made.iter().find(|m| m.stays)?;
        let (policy, note) = match self.options.special_tokens {
            SpecialPolicy::AsToken => return None,
            SpecialPolicy::Remove(policy) => (policy, ""),
            SpecialPolicy::Strip => (Policy::Reject, "; strip does not help"),
            SpecialPolicy::AsText => (Policy::Reject, "; as_text does not help"),
        };
        let detail =
            format!("control token {token:?} in the ids of `{name}`, made of text written otherwise{note}");
        let column = text.is_pair.then(|| (*name).to_string());
        Some((policy, Removal { index: 0, code: reason::SPECIAL_TOKEN_IN_TEXT, column, detail }))
    }

    /// Tokens that a cut leaves of the turns before the first that trains: those at the end of the last of them that are
    /// not the ones of its body alone, so that they hold the separator, and one before them.
    fn kept(
        &self,
        session: &mut Session<'_>,
        text: &RowText<'_>,
        encoded: &Encoded,
        ids: &[i32],
    ) -> Result<usize> {
        let row = &encoded.row;
        let cut = self.options.max_length.is_some_and(|limit| row.len() > limit);
        if !cut || self.options.on_overflow != OnOverflow::TruncatePromptLeft {
            return Ok(0);
        }
        let Some(run) = row.last_before_trained() else { return Ok(0) };
        // Run 0 is the prefix.
        let number = run - 1;
        let part = &text.parts[number];
        let own_bos = encoded.bos_avoided && number == encoded.starts_with;
        let first = row.start + if own_bos { 0 } else { row.before(run) };
        let own = &ids[first..row.start + row.before(run + 1)];
        let separator = self.options.separator.as_deref().unwrap_or_default();
        let body = part.text.strip_suffix(separator).unwrap_or(part.text);
        // A control token that is plain text may reach into the separator, where the data brought it along.
        let end = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let spans: Vec<Span> = text
            .plain(part)
            .iter()
            .filter(|(start, _)| *start < end)
            .map(|&(a, b)| (a, b.min(end)))
            .collect();
        let at_start = number <= encoded.starts_with;
        let encoding = Encoding { name: part.name, text: body, spans: &spans, at_start };
        let mut alone = Vec::new();
        encode_part(session, &encoding, !spans.is_empty(), &mut alone)?;
        let same = own.iter().zip(&alone).take_while(|(a, b)| a == b).count();
        Ok(own.len() - same + 1)
    }

    /// Cuts the row to `max_length`; what speaks against keeping it, where something does.
    fn fit(
        &self,
        row: &mut Row,
        text: &RowText<'_>,
        ids: &mut Vec<i32>,
        kept: usize,
    ) -> Result<Fit, (Policy, Removal)> {
        let removal = |code, detail| Removal { index: 0, code, column: None, detail };
        if row.trained() == 0 {
            let what = if text.is_pair { "the completion makes" } else { "the turns that train make" };
            let detail = format!("{what} {} tokens", row.target());
            return Err((Policy::Reject, removal(reason::NO_TRAINED_TOKEN, detail)));
        }
        let Some(limit) = self.options.max_length else { return Ok(Fit::Whole) };
        match row.fit(ids, limit, self.options.on_overflow, kept) {
            Fit::TooLong => {
                let what = if text.is_pair { "the completion" } else { "in turns that train" };
                let (tokens, target) = (row.len(), row.target());
                let detail = format!("{tokens} tokens, {target} of them {what}; max_length is {limit}");
                Err((self.options.on_overflow.policy(), removal(reason::TOO_LONG, detail)))
            }
            fit => Ok(fit),
        }
    }
}

fn encode_part(
    session: &mut Session<'_>,
    part: &Encoding<'_>,
    as_text: bool,
    ids: &mut Vec<i32>,
) -> Result<()> {
    let Encoding { text, spans, .. } = part;
    match (part.at_start, as_text) {
        (true, false) => session.encode_prompt(text, ids),
        (false, false) => session.encode_continuation(text, ids),
        (true, true) => session.encode_prompt_as_text(text, spans, ids),
        (false, true) => session.encode_continuation_as_text(text, spans, ids),
    }
}

/// Fails where the crate has other ids for the part.
fn verified(session: &Session<'_>, part: &Encoding<'_>, ids: &[i32]) -> Result<()> {
    let Some(expected) = session.verify(part.text, part.at_start, ids)? else { return Ok(()) };
    let at = expected.iter().zip(ids).take_while(|(a, b)| a == b).count();
    let show = |ids: &[i32]| ids.get(at).map_or("nothing".to_string(), i32::to_string);
    let what = format!(
        "the ids of `{}` are not those of tokenizers: token {at} is {}, and should be {}",
        part.name,
        show(ids),
        show(&expected)
    );
    let e = Error::new(Class::Tokenizer, "ids_differ", what);
    let e = if [schema::PROMPT, schema::COMPLETION].contains(&part.name) { e.column(part.name) } else { e };
    Err(e.help("this is a bug of fastprep: please report the text of this row and the tokenizer"))
}

impl Map for TokenizeStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let texts = Texts::of(&batch)?;
        let mut session = self.encoder.session();
        let mut columns = Columns::new(batch.rows(), texts.weighted());
        let mut removals = Vec::new();
        let mut sums = Sums::default();
        let (mut text, mut encoded) = (RowText::default(), Encoded::default());
        for i in 0..batch.rows() {
            let place = batch.places.at(i);
            if let Some(column) = texts.read(i, &mut text)? {
                let (code, detail) = (reason::MISSING_FIELD, format!("`{column}` is null"));
                let column = Some(column.to_string());
                removals.push((Policy::Reject, Removal { index: i, code, column, detail }));
                continue;
            }
            let start = columns.ids.len();
            let verify = self.options.verify.is_some_and(|n| place.row.is_multiple_of(n));
            self.encode(&mut session, &text, verify, &mut columns.ids, &mut encoded)
                .map_err(|e| e.file(place.file).row(place.row).line(place.line))?;
            for Made { token, .. } in &encoded.made {
                counts.find_named(finding::SPECIAL_TOKEN_IN_TEXT, token, place, 1);
            }
            let fit = match self.refuse(&encoded.made, &text) {
                Some(refused) => Err(refused),
                None => {
                    let kept = self.kept(&mut session, &text, &encoded, &columns.ids)?;
                    self.fit(&mut encoded.row, &text, &mut columns.ids, kept)
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
            let (ids, row) = (&columns.ids[start..], &encoded.row);
            let (last, eos) = (row.runs.len().saturating_sub(2), self.options.end.eos_id());
            let parts = row.parts(ids).enumerate().map(|(i, (ids, trained))| match ids {
                // A cut may have taken it.
                [own @ .., id] if encoded.eos_added && i == last && Some(*id) == eos => (own, trained),
                _ => (ids, trained),
            });
            self.marks.find(parts, place, counts);
            columns.push(row)?;
            sums.add(&encoded, fit, self.options.on_overflow);
            *counts.lengths.entry(u32::try_from(row.len()).unwrap_or(u32::MAX)).or_default() += 1;
            let twice = self.bos_id.is_some_and(|bos| columns.ids[start..].starts_with(&[bos, bos]));
            counts.find(finding::DOUBLED_BOS, place, u64::from(twice));
            counts.find(finding::DOUBLED_BOS_AVOIDED, place, u64::from(encoded.bos_avoided));
            counts.find(finding::NO_EOS, place, u64::from(self.options.end == End::NoEos));
            counts.find(finding::DOUBLED_EOS_AVOIDED, place, u64::from(encoded.eos_avoided));
        }
        sums.report(counts, self.options.stop.is_some());
        let batch = columns.add_to(batch.remove_each(removals, counts)?)?;
        let batch = batch.without_columns(&[schema::TURNS_TEXT, schema::TURNS])?;
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
