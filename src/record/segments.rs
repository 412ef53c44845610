//! The segments of a tokenized row: runs of tokens of one kind, each with a factor in the loss. Only this module
//! iterates over them.

use std::ops::Range;

use arrow::array::{Array, AsArray, ListArray, RecordBatch};
use arrow::datatypes::{Float32Type, Int32Type, UInt8Type};

use super::schema::{
    CHOSEN_LABELS, COMPLETION_LABELS, CONTEXT, IGNORE, LABELS, PROMPT_IDS, REJECTED_LABELS, SEGMENT_KINDS,
    SEGMENT_LENGTHS, SEGMENT_WEIGHTS, TARGET,
};
use super::tokens::items;

/// A run of tokens of one kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Segment {
    /// The tokens, as a range of the row.
    pub(crate) tokens: Range<usize>,
    /// `NEVER`, `CONTEXT` or `TARGET`.
    pub(crate) kind: u8,
    /// Its factor in the loss.
    pub(crate) weight: f32,
}

/// The segments of one row, which cover its tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segments<'a> {
    lengths: &'a [i32],
    kinds: &'a [u8],
    weights: Option<&'a [f32]>,
}

/// A column whose length does not fit the other columns of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LengthMismatch {
    pub(crate) column: &'static str,
    /// How many tokens or segments the column covers.
    pub(crate) actual: i64,
    /// How many the row has.
    pub(crate) expected: usize,
    /// `tokens` or `segments`.
    pub(crate) unit: &'static str,
}

impl<'a> Segments<'a> {
    /// The segments of a row of `tokens` tokens. Without weights each segment has the weight 1.
    ///
    /// # Errors
    /// See [`check`].
    pub(crate) fn new(
        lengths: &'a [i32],
        kinds: &'a [u8],
        weights: Option<&'a [f32]>,
        tokens: usize,
    ) -> Result<Self, LengthMismatch> {
        check(lengths, Some(kinds.len()), weights.map(<[f32]>::len), tokens)?;
        Ok(Segments { lengths, kinds, weights })
    }

    /// The segments, in order.
    pub(crate) fn iter(self) -> impl Iterator<Item = Segment> + 'a {
        let mut start = 0;
        self.lengths.iter().zip(self.kinds).enumerate().map(move |(i, (&length, &kind))| {
            let tokens = start..start + length as usize;
            start = tokens.end;
            Segment { tokens, kind, weight: self.weights.map_or(1.0, |weights| weights[i]) }
        })
    }

    /// Appends the label of each token: its id in a target, −100 elsewhere. `ids` are the ids of the row.
    pub(crate) fn labels(self, ids: &[i32], out: &mut Vec<i32>) {
        for Segment { tokens, kind, .. } in self.iter() {
            match kind {
                TARGET => out.extend_from_slice(&ids[tokens]),
                _ => out.resize(out.len() + tokens.len(), IGNORE),
            }
        }
    }

    /// Writes the weight of each token in the loss: 1 in a target, `context` in context, else 0, times the factor of
    /// the segment. `out` has one item for each token of the row.
    pub(crate) fn weigh(self, context: f32, out: &mut [f32]) {
        for Segment { tokens, kind, weight } in self.iter() {
            let factor = match kind {
                CONTEXT => context,
                TARGET => 1.0,
                _ => 0.0,
            };
            out[tokens].fill(factor * weight);
        }
    }

    /// The number of tokens in targets.
    pub(crate) fn targets(self) -> usize {
        self.iter().filter(|segment| segment.kind == TARGET).map(|segment| segment.tokens.len()).sum()
    }
}

/// Checks that the lengths cover `tokens` tokens, and that there is one kind and one weight for each length, where
/// there are kinds and weights.
///
/// # Errors
/// The first column that does not fit.
pub(crate) fn check(
    lengths: &[i32],
    kinds: Option<usize>,
    weights: Option<usize>,
    tokens: usize,
) -> Result<(), LengthMismatch> {
    covers(SEGMENT_LENGTHS, lengths, tokens)?;
    for (column, actual) in [(SEGMENT_KINDS, kinds), (SEGMENT_WEIGHTS, weights)] {
        if let Some(actual) = actual.filter(|actual| *actual != lengths.len()) {
            return Err(LengthMismatch {
                column,
                actual: actual as i64,
                expected: lengths.len(),
                unit: "segments",
            });
        }
    }
    Ok(())
}

/// Checks that the lengths of `column` cover `tokens` tokens, and that none is negative.
///
/// # Errors
/// How many tokens they cover, where that is another number.
pub(crate) fn covers(column: &'static str, lengths: &[i32], tokens: usize) -> Result<(), LengthMismatch> {
    let actual = lengths.iter().map(|length| i64::from(*length)).sum();
    if lengths.iter().any(|length| *length < 0) || actual != tokens as i64 {
        return Err(LengthMismatch { column, actual, expected: tokens, unit: "tokens" });
    }
    Ok(())
}

/// The segments of the rows of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SegmentLists<'a> {
    lengths: &'a ListArray,
    kinds: &'a ListArray,
    weights: Option<&'a ListArray>,
}

impl<'a> SegmentLists<'a> {
    /// The columns of a batch; none where a column is missing or of another type.
    pub(crate) fn from_batch(records: &'a RecordBatch) -> Option<Self> {
        let list = |name| records.column_by_name(name).and_then(|column| column.as_list_opt::<i32>());
        let (lengths, kinds, weights) = (list(SEGMENT_LENGTHS)?, list(SEGMENT_KINDS)?, list(SEGMENT_WEIGHTS));
        lengths.values().as_primitive_opt::<Int32Type>()?;
        kinds.values().as_primitive_opt::<UInt8Type>()?;
        let weights = weights.filter(|lists| lists.values().as_primitive_opt::<Float32Type>().is_some());
        Some(SegmentLists { lengths, kinds, weights })
    }

    /// The segments of row `i`, which has `tokens` tokens.
    ///
    /// # Errors
    /// See [`check`].
    pub(crate) fn row(&self, i: usize, tokens: usize) -> Result<Segments<'a>, LengthMismatch> {
        let weights = self.weights.map(|lists| items::<Float32Type>(lists, i));
        Segments::new(items::<Int32Type>(self.lengths, i), items::<UInt8Type>(self.kinds, i), weights, tokens)
    }
}

/// The number of trained tokens of a batch: counted in its labels, else in its segments; 0 without both.
pub(crate) fn trained_tokens(records: &RecordBatch) -> u64 {
    let in_labels = |name: &str| {
        let labels = records.column_by_name(name)?.as_list_opt::<i32>()?;
        let values = labels.values().as_primitive_opt::<Int32Type>()?;
        let (from, to) = (labels.value_offsets()[0] as usize, labels.value_offsets()[labels.len()] as usize);
        Some(values.values()[from..to].iter().filter(|&&label| label != IGNORE).count() as u64)
    };
    if let Some(trained) = in_labels(LABELS) {
        return trained;
    }
    if records.column_by_name(PROMPT_IDS).is_some() {
        let answers = [CHOSEN_LABELS, REJECTED_LABELS, COMPLETION_LABELS];
        return answers.into_iter().filter_map(in_labels).sum();
    }
    let Some(lists) = SegmentLists::from_batch(records) else { return 0 };
    let segments = |i: usize| {
        let has_both = lists.lengths.is_valid(i) && lists.kinds.is_valid(i);
        let tokens =
            items::<Int32Type>(lists.lengths, i).iter().map(|length| i64::from(*length)).sum::<i64>();
        lists.row(i, usize::try_from(tokens).ok().filter(|_| has_both)?).ok()
    };
    (0..records.num_rows()).filter_map(segments).map(|segments| segments.targets() as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::super::schema::NEVER;
    use super::*;

    /// Kind and weight of each token.
    fn expand(lengths: &[i32], segment: impl Fn(usize) -> (u8, f32)) -> Vec<(u8, f32)> {
        lengths.iter().enumerate().flat_map(|(i, n)| vec![segment(i); *n as usize]).collect()
    }

    #[test]
    fn labels_and_weights_match_a_loop_over_tokens() {
        let ids: Vec<i32> = (10..).take(9).collect();
        let kinds = [NEVER, CONTEXT, TARGET, CONTEXT, TARGET];
        for lengths in [[1, 2, 3, 2, 1], [0, 4, 0, 0, 5], [9, 0, 0, 0, 0]] {
            for weights in [None, Some([1.0, 0.5, 2.0, 3.0, 0.25])] {
                let segments =
                    Segments::new(&lengths, &kinds, weights.as_ref().map(|w| &w[..]), ids.len()).unwrap();
                let tokens = expand(&lengths, |i| (kinds[i], weights.map_or(1.0, |w| w[i])));
                let label = |(id, (kind, _)): (&i32, &(u8, f32))| if *kind == TARGET { *id } else { IGNORE };
                let mut labels = Vec::new();
                segments.labels(&ids, &mut labels);
                assert_eq!(labels, ids.iter().zip(&tokens).map(label).collect::<Vec<_>>());
                let mut weighed = vec![-1.0; ids.len()];
                segments.weigh(0.1, &mut weighed);
                let weight = |(kind, weight): &(u8, f32)| [0.0, 0.1, 1.0][usize::from(*kind)] * weight;
                assert_eq!(weighed, tokens.iter().map(weight).collect::<Vec<_>>());
                assert_eq!(segments.targets(), tokens.iter().filter(|(kind, _)| *kind == TARGET).count());
            }
        }
    }

    #[test]
    fn columns_that_do_not_cover_the_tokens_are_refused() {
        let mismatch =
            |column, actual, expected, unit| Err(LengthMismatch { column, actual, expected, unit });
        for (lengths, kinds, weights, tokens, expected) in [
            (&[2, 3][..], Some(2), Some(2), 5, Ok(())),
            (&[], None, None, 0, Ok(())),
            (&[2, 3], Some(2), None, 4, mismatch(SEGMENT_LENGTHS, 5, 4, "tokens")),
            (&[6, -1], Some(2), None, 5, mismatch(SEGMENT_LENGTHS, 5, 5, "tokens")),
            (&[i32::MAX, i32::MAX], None, None, 5, mismatch(SEGMENT_LENGTHS, 4_294_967_294, 5, "tokens")),
            (&[5], Some(2), None, 5, mismatch(SEGMENT_KINDS, 2, 1, "segments")),
            (&[5], Some(1), Some(0), 5, mismatch(SEGMENT_WEIGHTS, 0, 1, "segments")),
        ] {
            assert_eq!(check(lengths, kinds, weights, tokens), expected, "{lengths:?}");
        }
    }
}
