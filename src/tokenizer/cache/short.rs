//! The cache for pieces of up to 15 bytes. Each piece is its own key: its bytes and its length in a number of 128
//! bits. Up to 3 ids are stored beside the key.

use std::num::NonZeroU128;

use super::prefetch::prefetch;

/// The key of a piece. It holds the length and so is never 0; `Option<Key>` therefore has 16 bytes.
pub(crate) type Key = NonZeroU128;

/// The longest piece that has a key.
const MAX_KEY: usize = 15;
/// Ids stored beside a key, with one more number for their count.
const INLINE: usize = 3;
/// Up to [`INLINE`] ids and their count. The output needs room for it at each piece that is copied.
pub(crate) type Ids = [i32; INLINE + 1];
/// The initial number of lines of 64 bytes: 1 MiB.
const FIRST_LINES: usize = 1 << 14;

/// A line of the cache, with room for two pieces.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
struct Line {
    keys: [Option<Key>; 2],
    /// Up to three ids and their count; or, where the count is negative, the position of the ids in `spilled` and the
    /// negated count.
    ids: [Ids; 2],
}

impl Line {
    /// Whether the piece is in the line. It becomes the first of the two, so that the next insertion replaces the
    /// other one.
    #[inline]
    fn move_to_front(&mut self, key: Key) -> bool {
        let key = Some(key);
        if self.keys[0] == key {
            return true;
        }
        if self.keys[1] != key {
            return false;
        }
        self.keys.swap(0, 1);
        self.ids.swap(0, 1);
        true
    }
}

/// A cache that grows with the number of pieces.
pub(crate) struct ShortCache {
    /// A power of two.
    lines: Vec<Line>,
    max_lines: usize,
    /// Pieces that were inserted since the cache last grew.
    inserted: usize,
    spilled: Vec<i32>,
}

/// The keys of neighbouring pieces, and the lines in which they are looked up. Where the cache has grown since, the
/// line is the wrong one, and the piece is not found in it; the caller then looks it up by its key. Entries after
/// those of the last call are old.
#[derive(Default)]
pub(crate) struct Keys {
    keys: Vec<Option<Key>>,
    homes: Vec<u32>,
}

impl Keys {
    /// The key of piece `i`.
    pub(crate) fn at(&self, i: usize) -> Option<Key> {
        self.keys[i]
    }
}

/// The key of the bytes `start..end`; none for more than [`MAX_KEY`] bytes, or for no bytes.
#[inline]
pub(crate) fn key(text: &[u8], start: usize, end: usize) -> Option<Key> {
    let bytes = match text.get(start..).and_then(<[u8]>::first_chunk) {
        Some(bytes) => *bytes,
        None => {
            let mut bytes = [0; 16];
            let piece = &text[start..end];
            bytes[..piece.len()].copy_from_slice(piece);
            bytes
        }
    };
    let (mask, length) = MASKS[(end - start).min(MAX_KEY + 1)];
    NonZeroU128::new(u128::from_le_bytes(bytes) & mask | length)
}

/// By length: a mask for the bytes of the piece, and the length, shifted to its position in the key. The last entry
/// is for pieces without a key.
static MASKS: [(u128, u128); MAX_KEY + 2] = {
    let mut masks = [(0, 0); MAX_KEY + 2];
    let mut len = 1;
    while len <= MAX_KEY {
        masks[len] = (u128::MAX >> (8 * (16 - len)), (len as u128) << 120);
        len += 1;
    }
    masks
};

#[inline]
fn hash(key: Key) -> usize {
    let key = key.get();
    const LOW: u64 = 0x9e37_79b9_7f4a_7c15;
    const HIGH: u64 = 0xc2b2_ae3d_27d4_eb4f;
    let product = u128::from(key as u64 ^ LOW) * u128::from((key >> 64) as u64 ^ HIGH);
    ((product >> 64) as u64 ^ product as u64) as usize
}

impl ShortCache {
    /// A cache of at most `bytes` bytes, a power of two, and an eighth more for pieces with many ids.
    pub(crate) fn new(bytes: usize) -> Self {
        let max_lines = bytes / size_of::<Line>();
        let lines = vec![Line::default(); FIRST_LINES.min(max_lines)];
        ShortCache { lines, max_lines, inserted: 0, spilled: Vec::new() }
    }

    #[inline]
    fn home(&self, key: Key) -> usize {
        hash(key) & (self.lines.len() - 1)
    }

    /// Prefetches the line of a key.
    #[inline]
    pub(crate) fn prepare(&self, key: Key) {
        prefetch(&self.lines[self.home(key)]);
    }

    /// Computes the keys of the pieces that end at `ends`, the first of which begins at `start`, and prefetches their
    /// lines.
    pub(crate) fn prepare_all(&self, text: &[u8], mut start: usize, ends: &[usize], all: &mut Keys) {
        if all.keys.len() < ends.len() {
            all.keys.resize(ends.len(), None);
            all.homes.resize(ends.len(), 0);
        }
        let mask = self.lines.len() - 1;
        for ((slot, home), &end) in all.keys.iter_mut().zip(&mut all.homes).zip(ends) {
            *slot = key(text, start, end);
            if let Some(key) = *slot {
                let line = hash(key) & mask;
                prefetch(&self.lines[line]);
                *home = line as u32;
            }
            start = end;
        }
    }

    /// Writes the ids of the pieces `first..count` at `n`, up to the first piece that is not in the cache, has more
    /// than [`INLINE`] ids, or for which there is no room for [`Ids`]. Returns the number of that piece and the
    /// position for its ids. The output after that position is unspecified.
    #[inline]
    pub(crate) fn copy_known(
        &mut self,
        all: &Keys,
        first: usize,
        count: usize,
        out: &mut [i32],
        mut n: usize,
    ) -> (usize, usize) {
        for (i, (key, &home)) in
            (first..count).zip(all.keys[first..count].iter().zip(&all.homes[first..count]))
        {
            let (Some(key), Some(to)) = (*key, out[n..].first_chunk_mut()) else { return (i, n) };
            let line = &mut self.lines[home as usize];
            if !line.move_to_front(key) || line.ids[0][INLINE] < 0 {
                return (i, n);
            }
            *to = line.ids[0];
            n += line.ids[0][INLINE] as usize;
        }
        (count, n)
    }

    /// The ids of a piece; none where it is not in the cache.
    #[inline]
    pub(crate) fn get(&mut self, key: Key) -> Option<&[i32]> {
        let home = self.home(key);
        let line = &mut self.lines[home];
        if !line.move_to_front(key) {
            return None;
        }
        let ids = &line.ids[0];
        let n = ids[INLINE];
        if n >= 0 {
            return Some(&ids[..n as usize]);
        }
        let start = ids[0] as usize;
        Some(&self.spilled[start..start + n.unsigned_abs() as usize])
    }

    /// Adds a piece that is not in the cache. It replaces the piece of its line that was not used last.
    pub(crate) fn insert(&mut self, key: Key, ids: &[i32]) {
        // Some lines are full long before most lines have two pieces.
        if 2 * self.inserted >= self.lines.len() && self.lines.len() < self.max_lines {
            self.grow();
        }
        self.inserted += 1;
        if (self.spilled.len() + ids.len()) * size_of::<i32>() > self.max_lines * size_of::<Line>() / 8 {
            self.lines.fill(Line::default());
            self.spilled.clear();
        }
        let mut stored = Ids::default();
        if ids.len() <= INLINE {
            stored[..ids.len()].copy_from_slice(ids);
            stored[INLINE] = ids.len() as i32;
        } else {
            stored[0] = self.spilled.len() as i32;
            stored[INLINE] = -(ids.len() as i32);
            self.spilled.extend_from_slice(ids);
        }
        self.put(key, stored);
    }

    fn put(&mut self, key: Key, ids: Ids) {
        let home = self.home(key);
        let line = &mut self.lines[home];
        line.keys = [Some(key), line.keys[0]];
        line.ids = [ids, line.ids[0]];
    }

    #[cold]
    fn grow(&mut self) {
        let twice = vec![Line::default(); self.lines.len() * 2];
        for line in std::mem::replace(&mut self.lines, twice) {
            for i in [1, 0] {
                if let Some(key) = line.keys[i] {
                    self.put(key, line.ids[i]);
                }
            }
        }
        self.inserted = 0;
    }
}
