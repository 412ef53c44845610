//! A permutation of rows that is computed rather than stored, so that a loader can start at any position of an epoch.
//!
//! A Feistel network over the smallest range of 2ᵇ numbers that holds all rows; it is applied again while the result
//! is outside the rows (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002: cycle walking). On average
//! it is applied fewer than two times.

use crate::hash;

/// Rounds: more than the four that make a network of random functions pseudorandom (Luby and Rackoff, 1988), since
/// the halves of small ranges are a few bits.
const ROUNDS: usize = 8;

/// A permutation of `rows` rows.
#[derive(Debug, Clone)]
pub(crate) struct Permutation {
    rows: u64,
    keys: [u64; ROUNDS],
    low_bits: u32,
    low_mask: u64,
    high_mask: u64,
}

impl Permutation {
    /// The permutation for this seed and epoch; it never changes between versions.
    pub(crate) fn new(rows: u64, seed: u64, epoch: u64) -> Self {
        let bits = (64 - rows.saturating_sub(1).leading_zeros()).max(2);
        let low_bits = bits / 2;
        let mut keys = [0; ROUNDS];
        for (round, key) in (0..).zip(&mut keys) {
            *key = hash::shuffle_rank(round, hash::shuffle_rank(epoch, seed));
        }
        let high_mask = (1u64 << (bits - low_bits)) - 1;
        Permutation { rows, keys, low_bits, low_mask: (1 << low_bits) - 1, high_mask }
    }

    /// The row at a position, which must be less than the number of rows.
    pub(crate) fn row_at(&self, position: u64) -> u64 {
        let mut row = position;
        loop {
            row = self.step(row);
            if row < self.rows || position >= self.rows {
                return row;
            }
        }
    }

    /// Applies the network once. Each round changes one half by a function of the other half, so it can be undone.
    fn step(&self, number: u64) -> u64 {
        let (mut low, mut high) = (number & self.low_mask, number >> self.low_bits);
        for keys in self.keys.chunks_exact(2) {
            high ^= mix(low ^ keys[0]) & self.high_mask;
            low ^= mix(high ^ keys[1]) & self.low_mask;
        }
        high << self.low_bits | low
    }
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): every bit of the result depends on every bit of the
/// input.
fn mix(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(rows: u64, seed: u64, epoch: u64) -> Vec<u64> {
        let permutation = Permutation::new(rows, seed, epoch);
        (0..rows).map(|position| permutation.row_at(position)).collect()
    }

    #[test]
    fn every_row_comes_once() {
        for rows in (0..200).chain([1_023, 1_024, 1_025, 65_537, 300_000]) {
            let mut seen = order(rows, 7, 3);
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..rows), "{rows} rows");
        }
    }

    #[test]
    fn seed_and_epoch_each_give_another_order() {
        let orders = [order(1_000, 1, 0), order(1_000, 1, 1), order(1_000, 2, 0), order(1_000, 2, 1)];
        for (i, one) in orders.iter().enumerate() {
            assert!(orders[..i].iter().all(|other| other != one));
        }
        assert_eq!(orders[0], order(1_000, 1, 0));
    }

    /// Saved cursors hold positions in this order: it must never change.
    #[test]
    fn the_order_is_pinned() {
        assert_eq!(order(10, 7, 0), PINNED);
    }
    const PINNED: [u64; 10] = [4, 2, 6, 5, 8, 0, 9, 7, 3, 1];

    /// Each row is equally likely at each position and after each other row: χ² is below its 99.9 % quantile.
    #[test]
    fn places_and_neighbours_are_even() {
        let (rows, seeds) = (13_usize, 26_000_u64);
        let mut places = vec![0.0; rows * rows];
        let mut followers = vec![0.0; rows * rows];
        for seed in 0..seeds {
            let order = order(rows as u64, seed, 0);
            for (position, row) in order.iter().enumerate() {
                places[position * rows + *row as usize] += 1.0;
            }
            for pair in order.windows(2) {
                followers[pair[0] as usize * rows + pair[1] as usize] += 1.0;
            }
        }
        let chi2 = |counts: &[f64], expected: f64| -> f64 {
            counts.iter().filter(|c| **c > 0.0).map(|c| (c - expected).powi(2) / expected).sum()
        };
        let expected = seeds as f64 / rows as f64;
        assert!(chi2(&places, expected) < 201.0, "{}", chi2(&places, expected)); // 144 degrees of freedom
        assert!(chi2(&followers, expected) < 212.0, "{}", chi2(&followers, expected)); // 155 or fewer
    }

    #[test]
    fn the_largest_range_works() {
        let permutation = Permutation::new(u64::MAX, 1, 0);
        assert!(permutation.row_at(0) < u64::MAX && permutation.row_at(u64::MAX - 1) < u64::MAX);
    }
}
