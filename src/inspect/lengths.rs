//! Lengths of texts in characters.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::report::histogram;

/// Lengths up to this are exact; longer ones are rounded down by less than 1/64.
const EXACT: u64 = 1 << 16;

/// How many texts have which length. Its size does not grow with the rows: there are at most 65,536 exact lengths, and
/// 64 for each power of two above.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lengths {
    counts: BTreeMap<u64, u64>,
    total: u64,
    pub(crate) texts: u64,
}

/// The characters of a text.
pub(crate) fn chars(text: &str) -> u64 {
    if text.is_ascii() {
        return text.len() as u64;
    }
    text.bytes().filter(|byte| byte & 0xc0 != 0x80).count() as u64
}

/// The length rounded down by less than 1/64; up to 127 it is exact.
fn rounded(chars: u64) -> u64 {
    let step = 1 << chars.checked_ilog2().unwrap_or(0).saturating_sub(6);
    chars / step * step
}

impl Lengths {
    pub(crate) fn add(&mut self, chars: u64) {
        self.count(chars, if chars <= EXACT { chars } else { rounded(chars) });
    }

    /// Adds a length that is rounded down by less than 1/64. There are at most 64 such for each power of two.
    pub(super) fn add_rounded(&mut self, chars: u64) {
        self.count(chars, rounded(chars));
    }

    fn count(&mut self, chars: u64, as_this: u64) {
        *self.counts.entry(as_this).or_default() += 1;
        self.total += chars;
        self.texts += 1;
    }

    pub(crate) fn merge(&mut self, other: Lengths) {
        other.counts.into_iter().for_each(|(chars, n)| *self.counts.entry(chars).or_default() += n);
        self.total += other.total;
        self.texts += other.texts;
    }

    /// The lengths with their counts, in order.
    pub(crate) fn counts(&self) -> impl DoubleEndedIterator<Item = (u64, u64)> {
        self.counts.iter().map(|(chars, n)| (*chars, *n))
    }

    /// The smallest length that this share of the texts does not exceed.
    pub(super) fn percentile(&self, share: f64) -> u64 {
        let rank = (share * self.texts as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        self.counts()
            .find(|(_, n)| {
                seen += n;
                seen >= rank
            })
            .map_or(0, |(chars, _)| chars)
    }

    /// Total, percentiles and a histogram; null without texts.
    pub(crate) fn with_histogram(&self) -> Value {
        let mut json = self.to_json();
        if !json.is_null() {
            json["histogram"] = json!(histogram(self.counts()));
        }
        json
    }

    /// Total and percentiles; null without texts.
    pub(crate) fn to_json(&self) -> Value {
        let Some((least, _)) = self.counts().next() else { return Value::Null };
        json!({
            "texts": self.texts,
            "total": self.total,
            "min": least,
            "p5": self.percentile(0.05),
            "p50": self.percentile(0.5),
            "p95": self.percentile(0.95),
            "p99": self.percentile(0.99),
            "max": self.counts().next_back().map_or(0, |(most, _)| most),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_lengths_that_occur() {
        let mut lengths = Lengths::default();
        (1..=100).for_each(|n| lengths.add(n));
        let found = lengths.to_json();
        assert_eq!(
            [&found["min"], &found["p5"], &found["p50"], &found["p99"], &found["max"]],
            [1, 5, 50, 99, 100]
        );
        assert_eq!((&found["total"], &found["texts"]), (&json!(5050), &json!(100)));
        assert_eq!(Lengths::default().to_json(), Value::Null);
    }

    #[test]
    fn long_texts_are_rounded_down_by_less_than_a_part_in_64() {
        for n in [65_536, 65_537, 100_000, 1 << 20, 123_456_789] {
            let mut lengths = Lengths::default();
            lengths.add(n);
            let (rounded, _) = lengths.counts().next().unwrap();
            assert!(rounded <= n && n - rounded < n.div_ceil(64), "{n}: {rounded}");
        }
        assert_eq!(chars("aé漢😀"), 4);
        assert_eq!([0, 1, 127, 128, 129, 1_007].map(rounded), [0, 1, 127, 128, 128, 1_000]);
    }
}
