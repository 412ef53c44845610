//! The stage of the step `tokenize`.

use super::boundary::Boundary;
use super::columns::Columns;
use super::encode_row::{EncodedRow, PartText, RowEncoder, UnwrittenToken, encode_part};
use super::mark_ids::MarkIds;
use super::options::{End, OnOverflow, TokenizeOptions};
use super::row::{Fit, Row};
use super::text::{RowText, Texts};
use crate::error::{Class, Error, Result};
use crate::flow::Map;
use crate::record::{Batch, Policy, Removal, SpecialPolicy, finding, reason, schema};
use crate::report::StepCounts;
use crate::tokenizer::{LoadedTokenizer, Session, Span};

/// The stage of the step `tokenize`.
///
/// It counts these sums: `tokens`; `trained_tokens`, the labels after a row's first that are not −100; `truncated`
/// rows; and with a stop `stop_rows`, the uncut rows whose last turn ends in it, and `stop_stable`, those of them
/// whose ids end in the ids of the stop alone. It counts these findings, among others: `doubled_bos_avoided` and
/// `doubled_eos_avoided`, where the text holds the token itself; `doubled_bos`, where the text holds two; and
/// `special_token_in_text:<token>`, where the tokenizer made a control token of text that does not write it.
pub(crate) struct TokenizeStage {
    pub(super) tokenizer: LoadedTokenizer,
    pub(super) options: TokenizeOptions,
    prefix: Vec<i32>,
    pub(super) bos_id: Option<i32>,
    pub(super) marks: MarkIds,
}

#[derive(Default)]
pub(super) struct Sums {
    pub(super) tokens: u64,
    pub(super) trained: u64,
    pub(super) truncated: u64,
    pub(super) stop_rows: u64,
    pub(super) stop_stable: u64,
    /// The tokens of each kind, and how many of them are trained.
    pub(super) kinds: [[u64; 2]; 3],
}

/// The names of the sums of tokens of each kind, and of those that are trained.
const KIND_SUMS: [[&str; 2]; 3] = [
    ["reasoning_tokens", "trained_reasoning_tokens"],
    ["calls_tokens", "trained_calls_tokens"],
    ["content_tokens", "trained_content_tokens"],
];

impl TokenizeStage {
    /// A stage for this tokenizer.
    ///
    /// # Errors
    /// `Plan`, where `max_length` is below 2; `Tokenizer`, where it cannot encode the separator or the stop.
    pub(crate) fn new(tokenizer: &LoadedTokenizer, options: TokenizeOptions) -> Result<Self> {
        if let Some(limit @ 0..2) = options.max_length {
            let what = format!("tokenize: `max_length` must be at least 2; got {limit}");
            return Err(Error::new(Class::Plan, "bad_max_length", what));
        }
        Ok(TokenizeStage {
            tokenizer: tokenizer.clone(),
            prefix: if options.add_bos { tokenizer.prefix_ids.clone() } else { Vec::new() },
            bos_id: tokenizer.bos_id,
            marks: MarkIds::new(tokenizer, &options)?,
            options,
        })
    }

    /// Encodes rows as the step says.
    pub(super) fn rows(&self) -> RowEncoder<'_> {
        RowEncoder {
            prefix: &self.prefix,
            control: &self.tokenizer.control,
            tokenizer: &self.tokenizer,
            marks: &self.marks,
            options: &self.options,
        }
    }

    /// Why a row is removed whose ids hold a control token that its text does not write; none where the row stays.
    pub(super) fn unwritten_removal(
        &self,
        unwritten: &[UnwrittenToken],
        text: &RowText<'_>,
    ) -> Option<(Policy, Removal)> {
        let UnwrittenToken { name, token, .. } = unwritten.iter().find(|token| token.remains)?;
        let (policy, note) = match self.options.special_tokens {
            SpecialPolicy::AsToken => return None,
            SpecialPolicy::Remove(policy) => (policy, ""),
            SpecialPolicy::Strip => (Policy::Reject, "; strip does not help"),
            SpecialPolicy::AsText => (Policy::Reject, "; as_text does not help"),
        };
        let detail = format!(
            "the ids of `{name}` hold the control token {token:?}, which its text does not write{note}"
        );
        let column = text.is_pair.then(|| (*name).to_string());
        Some((policy, Removal { index: 0, code: reason::SPECIAL_TOKEN_IN_TEXT, column, detail }))
    }

    /// How many tokens a cut leaves of the turns before the first that trains: the separator at the end of the last
    /// of them, and one token before it. The separator is what differs from the ids of that turn without its
    /// separator.
    pub(super) fn tokens_to_keep(
        &self,
        session: &mut Session<'_>,
        text: &RowText<'_>,
        encoded: &EncodedRow,
        ids: &[i32],
    ) -> Result<usize> {
        let row = &encoded.row;
        let cut = self.options.max_length.is_some_and(|limit| row.len() > limit);
        if !cut || self.options.on_overflow != OnOverflow::TruncatePromptLeft {
            return Ok(0);
        }
        let Some(run) = row.last_before_trained() else { return Ok(0) };
        if text.has_kinds() {
            // There is no separator, and parts have several runs.
            return Ok(1);
        }
        // Run 0 is the prefix, so run `n` is part `n - 1`.
        let number = run - 1;
        let part = &text.parts[number];
        let own_bos = encoded.bos_avoided && number == encoded.first_part;
        let first = row.start + if own_bos { 0 } else { row.before(run) };
        let own = &ids[first..row.start + row.before(run + 1)];
        let separator = self.options.separator.as_deref().unwrap_or_default();
        let body = part.text.strip_suffix(separator).unwrap_or(part.text);
        // Where the data hold a separator, a control token that is plain text may overlap it.
        let end = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let spans: Vec<Span> = text
            .plain(part)
            .iter()
            .filter(|(start, _)| *start < end)
            .map(|&(a, b)| (a, b.min(end)))
            .collect();
        let at_start = number <= encoded.first_part;
        let without_separator = PartText { name: part.name, text: body, spans: &spans, at_start };
        let mut alone = Vec::new();
        encode_part(session, &without_separator, !spans.is_empty(), &mut alone)?;
        let same = own.iter().zip(&alone).take_while(|(a, b)| a == b).count();
        Ok(own.len() - same + 1)
    }

    /// Cuts the row to `max_length`.
    ///
    /// # Errors
    /// Why the row is removed, and the policy for it.
    fn fit(
        &self,
        row: &mut Row,
        text: &RowText<'_>,
        ids: &mut Vec<i32>,
        kept: usize,
    ) -> Result<Fit, (Policy, Removal)> {
        let removal = |code, detail| Removal { index: 0, code, column: None, detail };
        if row.trained() == 0 {
            let what = if text.is_pair { "the completion has" } else { "the turns that train have" };
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

/// Why a row is removed of whose ids it is not known which train.
fn not_aligned(boundary: Boundary) -> Removal {
    let detail = match boundary {
        Boundary::Whole => {
            "the ids of the whole text do not decode to it, so that it is not known which of them train"
        }
        Boundary::Part => {
            "the ids of a turn do not decode to it, so that it is not known which of them are of which kind"
        }
    };
    Removal { index: 0, code: reason::NOT_PROVEN, column: None, detail: detail.to_string() }
}

impl Map for TokenizeStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let texts = Texts::new(&batch)?;
        let text_columns = texts.columns();
        let rows = self.rows();
        let mut session = self.tokenizer.encoder().session();
        let mut columns = Columns::new(batch.rows(), texts.bytes(batch.rows()), texts.weighted());
        let mut removals = Vec::new();
        let mut sums = Sums::default();
        let (mut text, mut encoded) = (RowText::default(), EncodedRow::default());
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
            rows.encode(&mut session, &text, verify, &mut columns.ids, &mut encoded)
                .map_err(|e| e.file(place.file).row(place.row).line(place.line))?;
            for UnwrittenToken { token, .. } in &encoded.unwritten {
                counts.add_named_finding(finding::SPECIAL_TOKEN_IN_TEXT, token, place, 1);
            }
            let at = encoded.boundaries;
            let fit = match self.unwritten_removal(&encoded.unwritten, &text) {
                Some(removal) => Err(removal),
                None if at.unknown => Err((Policy::Reject, not_aligned(self.options.boundary))),
                None => {
                    let kept = self.tokens_to_keep(&mut session, &text, &encoded, &columns.ids)?;
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
                // The last part without EOS, unless a cut removed EOS.
                [own @ .., id] if encoded.eos_added && i == last && Some(*id) == eos => (own, trained),
                _ => (ids, trained),
            });
            self.marks.find(parts, place, counts);
            columns.push(row)?;
            sums.add(&encoded, fit, self.options.on_overflow);
            *counts.lengths.entry(u32::try_from(row.len()).unwrap_or(u32::MAX)).or_default() += 1;
            counts.add_finding(finding::IDS_OF_PARTS_DIFFER, place, u64::from(at.differs));
            counts.add_finding(finding::STRADDLING_TOKEN, place, at.straddling);
            counts.add_finding(finding::TOKEN_OF_TWO_KINDS, place, at.straddling_kinds);
            counts.add_finding(finding::PROMPT_IDS_DIFFER, place, at.other_prompts);
            let twice = self.bos_id.is_some_and(|bos| columns.ids[start..].starts_with(&[bos, bos]));
            counts.add_finding(finding::DOUBLED_BOS, place, u64::from(twice));
            counts.add_finding(finding::DOUBLED_BOS_AVOIDED, place, u64::from(encoded.bos_avoided));
            counts.add_finding(finding::NO_EOS, place, u64::from(self.options.end == End::NoEos));
            counts.add_finding(finding::DOUBLED_EOS_AVOIDED, place, u64::from(encoded.eos_avoided));
        }
        sums.report(counts, self.options.stop.is_some());
        let batch = columns.add_to(batch.remove_each(removals, counts)?)?;
        let batch = batch.without_columns(&[schema::TURNS_TEXT, schema::TURNS])?;
        if self.options.keep_text { Ok(batch) } else { batch.without_columns(&text_columns) }
    }
}

impl Sums {
    fn add(&mut self, encoded: &EncodedRow, fit: Fit, on_overflow: OnOverflow) {
        self.tokens += encoded.row.len() as u64;
        self.trained += encoded.row.trained() as u64;
        self.truncated += u64::from(fit == Fit::Truncated);
        for (sums, kind) in self.kinds.iter_mut().zip(encoded.row.of_kinds()) {
            sums.iter_mut().zip(kind).for_each(|(sum, n)| *sum += n);
        }
        let stop_lost = fit == Fit::Truncated && on_overflow == OnOverflow::TruncateCompletion;
        if let Some(stable) = encoded.stop_stable.filter(|_| !stop_lost) {
            self.stop_rows += 1;
            self.stop_stable += u64::from(stable);
        }
    }

    pub(super) fn report(self, counts: &mut StepCounts, with_stop: bool) {
        counts.add("tokens", self.tokens);
        counts.add("trained_tokens", self.trained);
        counts.add("truncated", self.truncated);
        let kinds = KIND_SUMS.iter().flatten().zip(self.kinds.iter().flatten());
        kinds.filter(|(_, n)| **n > 0).for_each(|(name, n)| counts.add(name, *n));
        if with_stop {
            counts.add("stop_rows", self.stop_rows);
            counts.add("stop_stable", self.stop_stable);
        }
    }
}
