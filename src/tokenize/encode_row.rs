//! The ids of one row, encoded part by part.

use super::boundary::AtBoundaries;
use super::mark_ids::MarkIds;
use super::options::TokenizeOptions;
use super::row::{Row, Run, add_run};
use super::text::RowText;
use crate::error::{Class, Error, Result};
use crate::record::{SpecialPolicy, schema};
use crate::tokenizer::added::ControlToken;
use crate::tokenizer::{ControlIds, LoadedTokenizer, Session, Span};

/// A row whose ids are at the end of the ids of the batch.
#[derive(Default)]
pub(super) struct EncodedRow {
    pub(super) row: Row,
    /// Whether the text begins with BOS itself, so that none was added.
    pub(super) bos_avoided: bool,
    /// Whether the text ends in EOS itself, so that none was added.
    pub(super) eos_avoided: bool,
    pub(super) eos_added: bool,
    /// The number of the part that was encoded as the start of the text: the first one that has ids.
    pub(super) first_part: usize,
    /// Whether the ids of the row end in the ids of the stop alone; none where its text does not end in the stop.
    pub(super) stop_stable: Option<bool>,
    pub(super) unwritten: Vec<UnwrittenToken>,
    pub(super) boundaries: AtBoundaries,
}

/// A control token in the ids of a part whose text does not write that token.
pub(super) struct UnwrittenToken {
    /// The column or the role of the part.
    pub(super) name: &'static str,
    pub(super) token: String,
    /// False where the part was encoded again as plain text, and its ids no longer hold the token.
    pub(super) remains: bool,
}

/// A text that is encoded at once.
pub(super) struct PartText<'t> {
    /// The column or the role that the text comes from.
    pub(super) name: &'static str,
    pub(super) text: &'t str,
    /// Control tokens that are plain text.
    pub(super) spans: &'t [Span],
    /// Whether the text is the start of its row.
    pub(super) at_start: bool,
}

/// Encodes rows as the step says.
pub(super) struct RowEncoder<'s> {
    /// The ids before each row.
    pub(super) prefix: &'s [i32],
    pub(super) control: &'s ControlIds,
    pub(super) marks: &'s MarkIds,
    pub(super) options: &'s TokenizeOptions,
    pub(super) tokenizer: &'s LoadedTokenizer,
}

impl RowEncoder<'_> {
    /// Appends the ids of the parts of one row to `ids` and describes them in `encoded`.
    pub(super) fn encode_parts(
        &self,
        session: &mut Session<'_>,
        text: &RowText<'_>,
        verify: bool,
        ids: &mut Vec<i32>,
        encoded: &mut EncodedRow,
    ) -> Result<()> {
        let (start, prefix) = (ids.len(), self.prefix.len());
        let mut runs = std::mem::take(&mut encoded.row.runs);
        *encoded = EncodedRow::default();
        runs.clear();
        let weight = text.parts.first().map_or(1.0, |part| part.weight);
        runs.push(Run { tokens: prefix, trained: false, weight, kind: None });
        ids.extend_from_slice(self.prefix);
        for (i, part) in text.parts.iter().enumerate() {
            let before = ids.len();
            // Where a part has no ids, the next part is the start of the text.
            let at_start = before - start == prefix && !encoded.bos_avoided;
            let part_text = PartText { name: part.name, text: part.text, spans: text.plain(part), at_start };
            self.append(session, &part_text, verify, ids, &mut encoded.unwritten)?;
            if at_start {
                encoded.first_part = i;
                // BOS in the text is treated as the prefix would be: no cut removes it.
                encoded.bos_avoided = self.remove_second_bos(start, ids);
            }
            if !text.pieces(part).is_empty() {
                // BOS of the text itself is one of its tokens, and a token of the prefix.
                let own_bos = if at_start && encoded.bos_avoided { prefix } else { 0 };
                let (own, ahead) =
                    (&ids[before - own_bos..], before.checked_sub(1).filter(|at| *at >= start));
                let ahead = ahead.filter(|_| own_bos == 0).map(|at| ids[at]);
                let tokens = self.by_kind(text, part, own, ahead, &mut encoded.boundaries)?;
                let first = runs.len();
                tokens.into_iter().skip(own_bos).for_each(|token| add_run(&mut runs, first, token));
                continue;
            }
            runs.push(Run {
                tokens: ids.len() - before,
                trained: part.trained,
                weight: part.weight,
                kind: None,
            });
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

    /// Removes the prefix where the text after it begins with the same ids. Returns whether it did.
    pub(super) fn remove_second_bos(&self, start: usize, ids: &mut Vec<i32>) -> bool {
        let prefix = self.prefix.len();
        let avoided = prefix > 0 && ids[start + prefix..].starts_with(self.prefix);
        if avoided {
            ids.drain(start..start + prefix);
        }
        avoided
    }

    /// Appends the ids of a part. Where they hold a control token that the text does not write, and the policy is
    /// `as_text`, the part is encoded again with control tokens as plain text.
    pub(super) fn append(
        &self,
        session: &mut Session<'_>,
        part: &PartText<'_>,
        verify: bool,
        ids: &mut Vec<i32>,
        unwritten: &mut Vec<UnwrittenToken>,
    ) -> Result<()> {
        let start = ids.len();
        encode_part(session, part, !part.spans.is_empty(), ids)?;
        if verify && part.spans.is_empty() {
            verify_ids(session, part, &ids[start..])?;
        }
        let mut found = self.control.unwritten(part.text, part.spans, &ids[start..]);
        if found.is_empty() {
            return Ok(());
        }
        let describe = |remains: bool| {
            move |token: &&ControlToken| UnwrittenToken {
                name: part.name,
                token: token.content.clone(),
                remains,
            }
        };
        if self.options.special_tokens == SpecialPolicy::AsText && part.spans.is_empty() {
            ids.truncate(start);
            encode_part(session, part, true, ids)?;
            let remaining = self.control.unwritten(part.text, part.spans, &ids[start..]);
            unwritten.extend(found.iter().skip(remaining.len()).map(describe(false)));
            found = remaining;
        }
        unwritten.extend(found.iter().map(describe(true)));
        Ok(())
    }
}

/// Appends the ids of a part.
pub(super) fn encode_part(
    session: &mut Session<'_>,
    part: &PartText<'_>,
    as_text: bool,
    ids: &mut Vec<i32>,
) -> Result<()> {
    let PartText { text, spans, .. } = part;
    match (part.at_start, as_text) {
        (true, false) => session.encode_prompt(text, ids),
        (false, false) => session.encode_continuation(text, ids),
        (true, true) => session.encode_prompt_as_text(text, spans, ids),
        (false, true) => session.encode_continuation_as_text(text, spans, ids),
    }
}

/// Compares the ids of a part with those of the `tokenizers` crate.
///
/// # Errors
/// `ids_differ`, which names the first token that differs.
pub(super) fn verify_ids(session: &Session<'_>, part: &PartText<'_>, ids: &[i32]) -> Result<()> {
    let Some(expected) = session.verify(part.text, part.at_start, ids)? else { return Ok(()) };
    let position = expected.iter().zip(ids).take_while(|(a, b)| a == b).count();
    let show = |ids: &[i32]| ids.get(position).map_or("nothing".to_string(), i32::to_string);
    let what = format!(
        "the ids of `{}` differ from those of tokenizers 0.23: token {position} is {}, but should be {}",
        part.name,
        show(ids),
        show(&expected)
    );
    let e = Error::new(Class::Tokenizer, "ids_differ", what);
    let e = if [schema::PROMPT, schema::COMPLETION].contains(&part.name) { e.column(part.name) } else { e };
    Err(e.help("this is a bug of fastprep: please report the text of this row and the tokenizer"))
}
