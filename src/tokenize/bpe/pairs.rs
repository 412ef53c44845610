//! What two neighbouring tokens merge to, and how early.

/// Two tokens side by side.
pub type Pair = (u32, u32);

/// What a pair becomes: its rank (the smaller, the earlier) and the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merge {
    /// Position in the list of merges.
    pub rank: u32,
    /// The id of both together.
    pub id: u32,
}

const EMPTY: u64 = u64::MAX;

/// A hash table of pairs; open addressing, never more than half full.
pub struct Pairs {
    slots: Vec<(u64, Merge)>,
    shift: u32,
}

impl Pairs {
    /// The table of these merges; where a pair is named twice the later one counts, as in `tokenizers`.
    pub fn new(merges: &[(Pair, Merge)]) -> Self {
        let size = (merges.len() * 2).next_power_of_two().max(16);
        let empty = (EMPTY, Merge { rank: u32::MAX, id: 0 });
        let mut pairs = Pairs { slots: vec![empty; size], shift: 64 - size.trailing_zeros() };
        for &(pair, merge) in merges {
            let key = key(pair);
            let mut at = pairs.home(key);
            while pairs.slots[at].0 != EMPTY && pairs.slots[at].0 != key {
                at = (at + 1) & (size - 1);
            }
            pairs.slots[at] = (key, merge);
        }
        pairs
    }

    #[inline]
    fn home(&self, key: u64) -> usize {
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }

    /// What the pair becomes.
    #[inline]
    pub fn get(&self, left: u32, right: u32) -> Option<Merge> {
        let key = key((left, right));
        let mut at = self.home(key);
        loop {
            let (found, merge) = self.slots[at];
            if found == key {
                return Some(merge);
            }
            if found == EMPTY {
                return None;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }
}

#[inline]
fn key((left, right): Pair) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}
