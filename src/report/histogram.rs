//! Histograms of lengths with fixed bins, so that those of different data can be compared.

use serde::{Deserialize, Serialize};

/// How many texts have a length from `from` to `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bin {
    from: u64,
    /// Included.
    to: u64,
    count: u64,
}

/// The bins from that of the shortest length to that of the longest; no bins without lengths. `counts` are lengths and
/// how many texts have them, in order.
///
/// Bins begin at 0, 1, and at the powers of the square root of two, rounded up: 2, 3, 4, 6, 8, 12, 16, 23, 32, ….
pub(crate) fn histogram(counts: impl Iterator<Item = (u64, u64)>) -> Vec<Bin> {
    let mut bins: Vec<Bin> = Vec::new();
    for (length, count) in counts {
        let mut next = bins.last().map_or_else(|| bin_of(length), |last| last.clone());
        while next.to < length {
            next = bin_of(next.to + 1);
            bins.push(Bin { count: 0, ..next.clone() });
        }
        match bins.last_mut() {
            Some(last) => last.count += count,
            None => bins.push(Bin { count, ..next }),
        }
    }
    bins
}

/// The empty bin of a length.
fn bin_of(length: u64) -> Bin {
    let Some(exponent) = length.checked_ilog2() else { return Bin { from: 0, to: 0, count: 0 } };
    // Between the powers of two 2^n and 2^(n+1) is the root of 2^(2n+1), which is no whole number.
    let middle = (1_u128 << (2 * exponent + 1)).isqrt() as u64 + 1;
    let end = u64::MAX >> (63 - exponent);
    let (from, to) = match length < middle {
        true => (1 << exponent, (middle - 1).min(end)),
        false => (middle, end),
    };
    Bin { from, to, count: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_has_one_bin() {
        let bins = histogram([(0, 1), (100_000, 1)].into_iter());
        let starts: Vec<u64> = bins.iter().map(|bin| bin.from).collect();
        assert_eq!(starts[..14], [0, 1, 2, 3, 4, 6, 8, 12, 16, 23, 32, 46, 64, 91]);
        assert!(bins.windows(2).all(|pair| pair[0].to + 1 == pair[1].from));
        for bin in &bins {
            assert_eq!(
                (bin_of(bin.from), bin_of(bin.to)),
                (Bin { count: 0, ..bin.clone() }, bin_of(bin.from))
            );
        }
        assert_eq!(bin_of(u64::MAX).to, u64::MAX);
    }

    #[test]
    fn texts_are_counted_by_length() {
        let counted = histogram([(3, 5), (4, 1), (5, 2), (16, 7), (17, 1)].into_iter());
        let bin = |from, to, count| Bin { from, to, count };
        assert_eq!(
            counted,
            [bin(3, 3, 5), bin(4, 5, 3), bin(6, 7, 0), bin(8, 11, 0), bin(12, 15, 0), bin(16, 22, 8)]
        );
        assert_eq!(histogram([].into_iter()), []);
    }
}
