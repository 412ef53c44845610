//! The table of merges: rank and result for a pair of neighbouring tokens.

/// Two tokens side by side.
pub(crate) type Pair = (u32, u32);

/// The merge of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Merge {
    /// Position in the list of merges; lower ranks merge first.
    pub(crate) rank: u32,
    /// The id of the merged token.
    pub(crate) id: u32,
}

const EMPTY: u64 = u64::MAX;

/// A hash table of pairs with open addressing, at most half full. A filter in front of it, small enough for the
/// processor's cache, answers for nearly all pairs that do not merge.
pub(crate) struct Pairs {
    slots: Vec<(u64, Merge)>,
    shift: u32,
    filter: Vec<u64>,
}

impl Pairs {
    /// The table of these merges. Of a pair that occurs twice the later merge counts, as in `tokenizers`.
    pub(crate) fn new(merges: &[(Pair, Merge)]) -> Self {
        let size = (merges.len() * 2).next_power_of_two().max(64);
        let empty = (EMPTY, Merge { rank: u32::MAX, id: 0 });
        let shift = 64 - size.trailing_zeros();
        // Four bits for each slot.
        let mut pairs = Pairs { slots: vec![empty; size], shift, filter: vec![0; size / 16] };
        for &(pair, merge) in merges {
            let key = key(pair);
            let hash = hash(key);
            let mut slot = (hash >> shift) as usize;
            while pairs.slots[slot].0 != EMPTY && pairs.slots[slot].0 != key {
                slot = (slot + 1) & (size - 1);
            }
            pairs.slots[slot] = (key, merge);
            let (word, bit) = pairs.filter_bit(hash);
            pairs.filter[word] |= bit;
        }
        pairs
    }

    #[inline]
    fn filter_bit(&self, hash: u64) -> (usize, u64) {
        let bit = hash >> (self.shift - 2);
        ((bit / 64) as usize, 1 << (bit % 64))
    }

    /// The merge of a pair; none where it does not merge.
    #[inline]
    pub(crate) fn get(&self, left: u32, right: u32) -> Option<Merge> {
        let key = key((left, right));
        let hash = hash(key);
        let (word, bit) = self.filter_bit(hash);
        if self.filter[word] & bit == 0 {
            return None;
        }
        let mut slot = (hash >> self.shift) as usize;
        loop {
            let (stored, merge) = self.slots[slot];
            if stored == key {
                return Some(merge);
            }
            if stored == EMPTY {
                return None;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }
}

#[inline]
fn key((left, right): Pair) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

#[inline]
fn hash(key: u64) -> u64 {
    // The high half depends on both tokens.
    (key ^ key >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
