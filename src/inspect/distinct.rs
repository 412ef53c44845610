//! How many different hashes there are: the sketch HyperLogLog, of 4 KiB, which merges in any order.

/// Bits of a hash that choose its register.
const BITS: u32 = 12;
const REGISTERS: usize = 1 << BITS;
/// Bits of a hash after these.
const REST: usize = 64 - BITS as usize;

/// The standard error of [`Distinct::different`], as a share: 1.04 / √4096.
pub(super) const ERROR: f64 = 0.016;

/// Counts different hashes of 64 bits, which must be uniform.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Distinct {
    /// The hashes, with those that are repeated.
    pub(super) total: u64,
    /// For each register, one more than the most leading zeros; empty without hashes.
    registers: Vec<u8>,
}

impl std::fmt::Debug for Distinct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Distinct({} of {})", self.different(), self.total)
    }
}

impl Distinct {
    pub(super) fn add(&mut self, hash: u64) {
        self.registers.resize(REGISTERS, 0);
        self.total += 1;
        let zeros = (hash << BITS | 1 << (BITS - 1)).leading_zeros();
        let register = &mut self.registers[(hash >> REST) as usize];
        *register = (zeros as u8 + 1).max(*register);
    }

    pub(super) fn merge(&mut self, other: &Distinct) {
        self.total += other.total;
        if self.registers.is_empty() {
            self.registers.clone_from(&other.registers);
        }
        for (register, other) in self.registers.iter_mut().zip(&other.registers) {
            *register = (*other).max(*register);
        }
    }

    /// The estimated number of different hashes: Ertl's estimator, which needs no correction for small or large numbers.
    pub(super) fn different(&self) -> u64 {
        if self.total == 0 {
            return 0;
        }
        let mut of_value = [0u64; REST + 2];
        self.registers.iter().for_each(|value| of_value[usize::from(*value)] += 1);
        let m = REGISTERS as f64;
        let mut z = m * tau(1.0 - of_value[REST + 1] as f64 / m);
        for value in (1..=REST).rev() {
            z = 0.5 * (z + of_value[value] as f64);
        }
        z += m * sigma(of_value[0] as f64 / m);
        let estimate = m * m / (2.0 * std::f64::consts::LN_2 * z);
        (estimate.round() as u64).clamp(1, self.total)
    }
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z <= before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z >= before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    #[test]
    fn the_estimate_is_within_four_standard_errors_and_merges_in_any_order() {
        for different in [0u64, 1, 2, 10, 1_000, 4_096, 20_000, 300_000] {
            let (mut one, mut two) = (Distinct::default(), Distinct::default());
            for n in 0..different {
                let hash = hash::text(&n.to_string(), 0);
                if n % 3 == 0 {
                    one.add(hash)
                } else {
                    two.add(hash)
                }
                if n % 5 == 0 {
                    two.add(hash);
                }
            }
            let (mut merged, mut other) = (one.clone(), two.clone());
            merged.merge(&two);
            other.merge(&one);
            assert_eq!(merged, other);
            assert_eq!(merged.total, different + different.div_ceil(5));
            let off = merged.different().abs_diff(different) as f64;
            assert!(off <= 4.0 * ERROR * different as f64, "{different}: {}", merged.different());
        }
    }
}
