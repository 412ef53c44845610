//! Best-fit decreasing: documents from longest to shortest, each into the fullest pack that has room for it.

/// No pack.
const NONE: u32 = u32::MAX;

/// Assigns documents of these lengths, each 1 to `room`, to packs of `room` tokens. Gives the pack of each document,
/// and the number of packs. Documents of the same length are placed in order.
///
/// The number of packs is at most 11/9 of the fewest possible (Johnson, 1974); with many short documents nearly all
/// packs are full. Takes 8 bytes per document and 8 per pack, and nearly constant time per document.
pub(crate) fn best_fit_decreasing(lengths: &[u32], room: u32) -> (Vec<u32>, u32) {
    let mut spaces = Spaces::new(room);
    let mut pack_of = vec![NONE; lengths.len()];
    for document in longest_first(lengths, room) {
        let length = lengths[document as usize];
        let (pack, space) = spaces.take(length).unwrap_or_else(|| spaces.open(room));
        pack_of[document as usize] = pack;
        spaces.put(pack, space - length);
    }
    (pack_of, spaces.packs())
}

/// Documents by decreasing length, sorted by counting; those of the same length keep their order.
fn longest_first(lengths: &[u32], room: u32) -> Vec<u32> {
    let mut starts = vec![0u32; room as usize + 2];
    lengths.iter().for_each(|length| starts[(room - length) as usize + 1] += 1);
    for i in 1..starts.len() {
        starts[i] += starts[i - 1];
    }
    let mut order = vec![0; lengths.len()];
    for (document, length) in (0..).zip(lengths) {
        let position = &mut starts[(room - length) as usize];
        order[*position as usize] = document;
        *position += 1;
    }
    order
}

/// Packs by the space left in them; of packs with equal space, the one put last comes first.
struct Spaces {
    /// The first pack for each space.
    first: Vec<u32>,
    /// For each pack, the next pack with the same space.
    next: Vec<u32>,
    /// Level 0 has a bit for each space that a pack has; each further level has a bit for each word that is not 0.
    levels: Vec<Vec<u64>>,
}

impl Spaces {
    fn new(room: u32) -> Self {
        let mut levels = Vec::new();
        let mut bits = room as usize + 1;
        loop {
            bits = bits.div_ceil(64);
            levels.push(vec![0; bits]);
            if bits == 1 {
                return Spaces { first: vec![NONE; room as usize + 1], next: Vec::new(), levels };
            }
        }
    }

    fn packs(&self) -> u32 {
        self.next.len() as u32
    }

    fn open(&mut self, room: u32) -> (u32, u32) {
        self.next.push(NONE);
        (self.packs() - 1, room)
    }

    fn put(&mut self, pack: u32, space: u32) {
        let first = &mut self.first[space as usize];
        self.next[pack as usize] = *first;
        if *first == NONE {
            let mut bit = space as usize;
            for level in &mut self.levels {
                level[bit / 64] |= 1 << (bit % 64);
                bit /= 64;
            }
        }
        *first = pack;
    }

    /// Takes a pack with the smallest space of at least `least`; gives the pack and its space.
    fn take(&mut self, least: u32) -> Option<(u32, u32)> {
        let space = self.least_from(least as usize)?;
        let pack = self.first[space];
        self.first[space] = self.next[pack as usize];
        if self.first[space] == NONE {
            let mut bit = space;
            for level in &mut self.levels {
                level[bit / 64] &= !(1 << (bit % 64));
                if level[bit / 64] != 0 {
                    break;
                }
                bit /= 64;
            }
        }
        Some((pack, space as u32))
    }

    /// The smallest space of a pack that is at least `least`.
    fn least_from(&self, least: usize) -> Option<usize> {
        let mut bit = least;
        let up = self.levels.iter().position(|level| {
            let word = level.get(bit / 64).copied().unwrap_or(0) & (u64::MAX << (bit % 64));
            if word != 0 {
                bit = bit / 64 * 64 + word.trailing_zeros() as usize;
                return true;
            }
            bit = bit / 64 + 1;
            false
        })?;
        for level in self.levels[..up].iter().rev() {
            bit = bit * 64 + level[bit].trailing_zeros() as usize;
        }
        Some(bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permutation::Permutation;

    /// Tries every pack.
    fn slow(lengths: &[u32], room: u32) -> Vec<u32> {
        let mut order: Vec<usize> = (0..lengths.len()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(lengths[*i]));
        let mut spaces: Vec<u32> = Vec::new();
        for i in order {
            let best = (0..spaces.len()).filter(|p| spaces[*p] >= lengths[i]).min_by_key(|p| spaces[*p]);
            let pack = best.unwrap_or_else(|| {
                spaces.push(room);
                spaces.len() - 1
            });
            spaces[pack] -= lengths[i];
        }
        spaces.sort_unstable();
        spaces
    }

    fn lengths(count: u64, room: u32, seed: u64) -> Vec<u32> {
        let random = Permutation::new(count * 97, seed, 0);
        (0..count).map(|i| 1 + (random.row_at(i) % u64::from(room)) as u32).collect()
    }

    #[test]
    fn agrees_with_trying_every_pack() {
        for (count, room) in
            [(0, 5), (1, 1), (40, 1), (500, 7), (500, 64), (500, 65), (700, 5_000), (300, 300_000)]
        {
            for seed in 0..5 {
                let lengths = lengths(count, room, seed);
                let (pack_of, packs) = best_fit_decreasing(&lengths, room);
                let mut spaces = vec![room; packs as usize];
                for (pack, length) in pack_of.iter().zip(&lengths) {
                    spaces[*pack as usize] -= length; // panics where a pack overflows
                }
                spaces.sort_unstable();
                assert_eq!(spaces, slow(&lengths, room), "{count} of {room}, seed {seed}");
            }
        }
    }

    #[test]
    fn short_documents_fill_packs() {
        let lengths: Vec<u32> = lengths(20_000, 300, 1);
        let (_, packs) = best_fit_decreasing(&lengths, 2_048);
        let tokens: u64 = lengths.iter().map(|n| u64::from(*n)).sum();
        assert!(tokens as f64 / (f64::from(packs) * 2_048.0) > 0.999);
    }
}
