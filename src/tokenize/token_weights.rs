//! Which tokens of a text train, by the text that each of them decodes to.

use super::boundary::AtBoundaries;
use super::encode_row::RowEncoder;
use super::row::Run;
use super::text::{Part, Piece, RowText};
use crate::error::Result;

impl RowEncoder<'_> {
    /// The texts of these ids; none where they do not make up `text`. A decoder may strip the start of a text: then they are
    /// decoded after the id `before`.
    fn texts_of(&self, ids: &[i32], before: Option<i32>, text: &str) -> Result<Option<Vec<String>>> {
        let alone = self.tokenizer.token_texts(ids)?;
        if alone.concat() == text {
            return Ok(Some(alone));
        }
        let Some(before) = before else { return Ok(None) };
        let with_one: Vec<i32> = std::iter::once(before).chain(ids.iter().copied()).collect();
        let mut texts = self.tokenizer.token_texts(&with_one)?;
        texts.remove(0);
        Ok((texts.concat() == text).then_some(texts))
    }

    /// How each of the ids of a text trains, which consists of these pieces; none where they do not decode to the text. A
    /// token that is in several pieces has the smallest weight of them, where what does not train has the weight 0.
    pub(super) fn by_text(
        &self,
        ids: &[i32],
        before: Option<i32>,
        text: &str,
        pieces: &[Piece],
        found: &mut AtBoundaries,
    ) -> Result<Option<Vec<Run>>> {
        let Some(texts) = self.texts_of(ids, before, text)? else { return Ok(None) };
        let run = |piece: Option<&Piece>| {
            let none = Run { tokens: 1, trained: false, weight: 1.0, kind: None };
            piece.map_or(none, |piece| piece.run)
        };
        let mut tokens: Vec<Run> = Vec::with_capacity(ids.len());
        let (mut at, mut first, mut piece, mut piece_end) =
            (0, 0, 0, pieces.first().map_or(0, |piece| piece.bytes));
        for (i, token) in texts.iter().enumerate() {
            at += token.len();
            // A character that is made of several tokens belongs to the last of them: they train alike.
            if token.is_empty() && i + 1 < texts.len() {
                continue;
            }
            while piece_end < at - token.len() + usize::from(!token.is_empty()) && piece + 1 < pieces.len() {
                piece += 1;
                piece_end += pieces[piece].bytes;
            }
            let mut own = run(pieces.get(piece));
            let (mut last, mut end, mut other_part, mut other_kind) = (piece, piece_end, false, false);
            while end < at && last + 1 < pieces.len() {
                last += 1;
                end += pieces[last].bytes;
                let other = run(pieces.get(last));
                if pieces[last].bytes > 0 && (other.trained, other.weight) != (own.trained, own.weight) {
                    match pieces[last].part == pieces[piece].part {
                        true => other_kind = true,
                        false => other_part = true,
                    }
                    own = if effect(&other) < effect(&own) { other } else { own };
                }
            }
            found.straddling += u64::from(other_part);
            found.straddling_kinds += u64::from(other_kind && !other_part);
            tokens.extend((first..=i).map(|_| own));
            first = i + 1;
        }
        Ok(Some(tokens))
    }

    /// How each of the ids of a turn trains, whose kinds train differently; `before` is the id before them.
    pub(super) fn by_kind(
        &self,
        text: &RowText<'_>,
        part: &Part<'_>,
        ids: &[i32],
        before: Option<i32>,
        found: &mut AtBoundaries,
    ) -> Result<Vec<Run>> {
        let pieces = text.pieces(part);
        if let Some(tokens) = self.by_text(ids, before, part.text, pieces, found)? {
            return Ok(tokens);
        }
        let effect = |piece: &Piece| (piece.run.trained, piece.run.weight);
        let first = pieces.first().filter(|first| pieces.iter().all(|piece| effect(piece) == effect(first)));
        found.unknown |= first.is_none();
        let none = Run { tokens: 1, trained: false, weight: 1.0, kind: None };
        Ok(vec![first.map_or(none, |piece| Run { kind: None, ..piece.run }); ids.len()])
    }
}

/// The weight of a token in the loss.
fn effect(run: &Run) -> f32 {
    if run.trained { run.weight } else { 0.0 }
}
