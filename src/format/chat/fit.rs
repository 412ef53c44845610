//! Rows of conversations that are too long: their oldest turns are dropped.

use super::control_tokens::scan;
use super::count_tokens::Fit;
use super::stage::ChatStage;
use crate::chat::{Conversation, TrainingRow};
use crate::error::Result;
use crate::record::{Places, reason};
use crate::report::StepCounts;

impl ChatStage {
    /// The row of a conversation, or of one turn of it, which fits the limit, and how many messages were dropped for that:
    /// the oldest ones, as few as possible. A row that fits nowhere stays as it is.
    ///
    /// Where fewer turns give more tokens, more turns may be dropped than needed: the number is found by halving.
    pub(super) fn fitted(
        &self,
        conversation: &Conversation,
        turn: Option<usize>,
        row: TrainingRow,
    ) -> Result<(TrainingRow, usize)> {
        let last = turn.or_else(|| self.chat.trained_turns(conversation, self.options.train).last().copied());
        let (Some(fit), Some(last)) = (&self.options.fit, last) else { return Ok((row, 0)) };
        if self.fits(fit, &row)? {
            return Ok((row, 0));
        }
        let (starts, head) = (conversation.later_starts(last), conversation.head());
        let (mut low, mut high, mut best) = (0, starts.len(), None);
        while low < high {
            let middle = low + (high - low) / 2;
            let dropped = starts[middle] - head;
            let shorter = conversation.starting_at(starts[middle]);
            match self.row_of(&shorter, turn.map(|turn| turn - dropped)) {
                Ok(Ok(row)) if self.fits(fit, &row)? => {
                    best = Some((row, dropped));
                    high = middle;
                }
                Ok(_) => low = middle + 1,
                Err(e) if e.code() == reason::CHAT_NOT_RENDERED => low = middle + 1,
                Err(e) => return Err(e),
            }
        }
        Ok(best.unwrap_or((row, 0)))
    }

    fn fits(&self, fit: &Fit, row: &TrainingRow) -> Result<bool> {
        let mut plain = Vec::new();
        if let Some((scanner, policy)) = &self.special {
            let made = [(0, row.clone())];
            let found = scan(
                scanner,
                *policy,
                self.options.whole,
                &made,
                &Places::numbered(0, 0, 1),
                &mut StepCounts::default(),
            );
            let bytes = found.as_text.get(&0).map(Vec::as_slice).unwrap_or_default();
            let (numbers, _) = bytes.as_chunks::<4>();
            let (pairs, _) = numbers.as_chunks::<2>();
            plain.extend(
                pairs.iter().map(|&[start, end]| (u32::from_le_bytes(start), u32::from_le_bytes(end))),
            );
        }
        Ok(fit.counter.tokens(&row.text, &row.spans, &plain)? <= fit.max_length)
    }
}
