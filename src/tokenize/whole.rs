//! The ids of a row of turns: those of its parts, or of its text at once; and which tokens train where a token is on both
//! sides of a boundary.

use super::boundary::{AtBoundaries, Boundary};
use super::encode_row::{EncodedRow, PartText, RowEncoder, UnwrittenToken};
use super::row::{Row, Run, add_run};
use super::text::{Part, RowText};
use crate::error::Result;
use crate::record::schema::CHAT_TEXT;
use crate::tokenizer::Session;

impl RowEncoder<'_> {
    /// Appends the ids of one row to `ids` and describes them in `encoded`.
    pub(super) fn encode(
        &self,
        session: &mut Session<'_>,
        text: &RowText<'_>,
        verify: bool,
        ids: &mut Vec<i32>,
        encoded: &mut EncodedRow,
    ) -> Result<()> {
        self.encode_parts(session, text, verify, ids, encoded)?;
        if text.is_pair {
            return Ok(());
        }
        if self.options.boundary == Boundary::Whole {
            self.encode_whole(session, text, verify, ids, encoded)?;
        }
        self.count_other_prompts(session, text, ids, encoded)
    }

    /// Encodes the text of a row at once. Its ids, and its runs, take the place of those of its parts in `encoded`. A token
    /// that is on both sides of a boundary has the smaller weight of both, where what does not train has the weight 0.
    fn encode_whole(
        &self,
        session: &mut Session<'_>,
        text: &RowText<'_>,
        verify: bool,
        ids: &mut Vec<i32>,
        encoded: &mut EncodedRow,
    ) -> Result<()> {
        let start = encoded.row.start;
        let of_parts = ids.split_off(start);
        encoded.unwritten.clear();
        encoded.bos_avoided =
            self.prompt(session, text, text.whole.len(), verify, ids, &mut encoded.unwritten)?;
        encoded.first_part = 0;
        if ids[start..] == of_parts {
            return Ok(());
        }
        encoded.boundaries = AtBoundaries { differs: true, ..AtBoundaries::default() };
        let prefix = self.prefix.len();
        let own = &ids[start + if encoded.bos_avoided { 0 } else { prefix }..];
        let mut tokens =
            match self.by_text(own, None, text.whole, &text.all_pieces(), &mut encoded.boundaries)? {
                Some(tokens) => tokens,
                None => {
                    encoded.boundaries.unknown = true;
                    return Ok(());
                }
            };
        if encoded.bos_avoided {
            tokens.drain(..prefix.min(tokens.len()));
        }
        let weight = encoded.row.runs[0].weight;
        let mut runs = vec![Run { tokens: prefix, trained: false, weight, kind: None }];
        tokens.into_iter().for_each(|token| add_run(&mut runs, 0, token));
        encoded.row = Row { start, runs };
        Ok(())
    }

    /// Counts the turns before which the prompt at inference, which is encoded at once, has other ids than the row before
    /// that turn. Where the ids of the longest of these prompts are the first of the row, so are those of the others. It is
    /// encoded only where the tokenizer does not divide it at all turns.
    fn count_other_prompts(
        &self,
        session: &mut Session<'_>,
        text: &RowText<'_>,
        ids: &[i32],
        encoded: &mut EncodedRow,
    ) -> Result<()> {
        let is_whole = self.options.boundary == Boundary::Whole;
        if encoded.boundaries.unknown || is_whole && !encoded.boundaries.differs {
            return Ok(());
        }
        let mut starts = starts(&text.parts);
        if !is_whole && starts.first() == Some(&text.parts.first().map_or(0, |part| part.text.len())) {
            // What is before the first turn was encoded at once.
            starts.remove(0);
        }
        if let Some(last) = starts.last()
            && !is_whole
            && self.joins(session, text, *last, encoded)
        {
            return Ok(());
        }
        let row = &ids[encoded.row.start..];
        let mut is_first = |end: usize| -> Result<bool> {
            let (mut prompt, mut unwritten) = (Vec::new(), Vec::new());
            self.prompt(session, text, end, false, &mut prompt, &mut unwritten)?;
            Ok(row.starts_with(&prompt))
        };
        let Some(last) = starts.last() else { return Ok(()) };
        if is_whole || !is_first(*last)? {
            for end in starts {
                encoded.boundaries.other_prompts += u64::from(!is_first(end)?);
            }
        }
        Ok(())
    }

    /// Whether the ids of the first `end` bytes of a row, where a part ends, are certainly those of the parts, so that they
    /// need not be encoded once more.
    fn joins(&self, session: &mut Session<'_>, text: &RowText<'_>, end: usize, encoded: &EncodedRow) -> bool {
        // A part that was encoded as plain text may be encoded as tokens with others; and a part may have fewer ids than
        // a prefix of several, so that it is not seen that the text begins with them.
        if !encoded.unwritten.is_empty() || !text.whole_plain.is_empty() || self.prefix.len() > 1 {
            return false;
        }
        let ends = text.parts.iter().scan(0, |end, part| {
            *end += part.text.len();
            Some(*end)
        });
        let ends: Vec<usize> = ends.take_while(|part_end| *part_end < end).collect();
        session.joins(&text.whole[..end], &ends)
    }

    /// Appends the prefix and the ids of the first `end` bytes of a row, encoded at once. Returns whether the text begins
    /// with the prefix itself.
    fn prompt(
        &self,
        session: &mut Session<'_>,
        text: &RowText<'_>,
        end: usize,
        verify: bool,
        ids: &mut Vec<i32>,
        unwritten: &mut Vec<UnwrittenToken>,
    ) -> Result<bool> {
        let start = ids.len();
        ids.extend_from_slice(self.prefix);
        let limit = u32::try_from(end).unwrap_or(u32::MAX);
        let plain: Vec<_> =
            text.whole_plain.iter().filter(|(a, _)| *a < limit).map(|&(a, b)| (a, b.min(limit))).collect();
        let part = PartText { name: CHAT_TEXT, text: &text.whole[..end], spans: &plain, at_start: true };
        self.append(session, &part, verify, ids, unwritten)?;
        Ok(self.remove_second_bos(start, ids))
    }
}

/// Where turns begin: the bytes of a row at which a part that trains follows one that does not.
fn starts(parts: &[Part<'_>]) -> Vec<usize> {
    let (mut at, mut before, mut starts) = (0, false, Vec::new());
    for part in parts.iter().filter(|part| !part.text.is_empty()) {
        if part.trained && !before {
            starts.push(at);
        }
        at += part.text.len();
        before = part.trained;
    }
    starts
}
