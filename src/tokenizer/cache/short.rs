//! Pieces of up to 15 bytes, each its own key: its bytes and its length in a number of 128 bits. Up to 3 ids are held beside the key.

use std::num::NonZeroU128;

use super::prefetch::prefetch;

/// What a piece is known by: never 0, since it has a length, so that `Option<Key>` has 16 bytes.
pub(crate) type Key = NonZeroU128;

/// The longest piece that has a key.
const MAX_KEY: usize = 15;
/// Ids beside a key; one more number tells how many.
const INLINE: usize = 3;
/// Ids and their number: what a known piece needs room for.
pub(crate) type Ids = [i32; INLINE + 1];
/// Lines of 64 bytes that a cache begins with: 1 MiB.
const FIRST_LINES: usize = 1 << 14;

/// Two pieces.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
struct Line {
    keys: [Option<Key>; 2],
    /// Three ids and their number; or where in `spilled` the ids begin, and their number below 0.
    ids: [Ids; 2],
}

impl Line {
    /// Whether the piece is here; it is the first then: of two the one that is used stays.
    #[inline]
    fn brought_first(&mut self, key: Key) -> bool {
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

/// A cache that grows with what it holds.
pub(crate) struct ShortCache {
    /// A power of two.
    lines: Vec<Line>,
    max_lines: usize,
    /// Pieces that were put in since it grew.
    inserted: usize,
    spilled: Vec<i32>,
}

/// The keys of pieces that stand side by side, and the lines where they are looked up. A line may be a former one, when
/// the cache grew meanwhile: its keys tell, and who finds nothing there looks again. What stands behind the last piece
/// is left from before.
#[derive(Default)]
pub(crate) struct Keys {
    keys: Vec<Option<Key>>,
    homes: Vec<u32>,
}

impl Keys {
    /// The key of a piece, by its number.
    pub(crate) fn at(&self, i: usize) -> Option<Key> {
        self.keys[i]
    }
}

/// The key of the bytes from `start` to `end`; none for more than [`MAX_KEY`], and for none.
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

/// By length: the bits that count, and the length where it stands in a key; the last is for all that have none.
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
    /// A cache of at most `bytes`, a power of two, and an eighth more for pieces of many ids.
    pub(crate) fn new(bytes: usize) -> Self {
        let max_lines = bytes / size_of::<Line>();
        let lines = vec![Line::default(); FIRST_LINES.min(max_lines)];
        ShortCache { lines, max_lines, inserted: 0, spilled: Vec::new() }
    }

    #[inline]
    fn home(&self, key: Key) -> usize {
        hash(key) & (self.lines.len() - 1)
    }

    /// Asks the memory for the line of a key, so that it is there when the key is looked up.
    #[inline]
    pub(crate) fn prepare(&self, key: Key) {
        prefetch(&self.lines[self.home(key)]);
    }

    /// The keys of the pieces that end at `ends`, the first of which begins at `start`; their lines are asked for.
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

    /// Writes the ids of pieces `at` up to `count` at `n`, as long as they are known, few, and there is room for [`Ids`];
    /// the first piece left, and where its ids go. What stands from there on means nothing.
    #[inline]
    pub(crate) fn copy_known(
        &mut self,
        all: &Keys,
        at: usize,
        count: usize,
        out: &mut [i32],
        mut n: usize,
    ) -> (usize, usize) {
        for (i, (key, &home)) in (at..count).zip(all.keys[at..count].iter().zip(&all.homes[at..count])) {
            let (Some(key), Some(to)) = (*key, out[n..].first_chunk_mut()) else { return (i, n) };
            let line = &mut self.lines[home as usize];
            if !line.brought_first(key) || line.ids[0][INLINE] < 0 {
                return (i, n);
            }
            *to = line.ids[0];
            n += line.ids[0][INLINE] as usize;
        }
        (count, n)
    }

    /// The ids of a piece that is known.
    #[inline]
    pub(crate) fn get(&mut self, key: Key) -> Option<&[i32]> {
        let home = self.home(key);
        let line = &mut self.lines[home];
        if !line.brought_first(key) {
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

    /// Remembers a piece that is not known; of the two in its line the one that was not used last goes.
    pub(crate) fn insert(&mut self, key: Key, ids: &[i32]) {
        // Long before most lines have two pieces, some would have more.
        if 2 * self.inserted >= self.lines.len() && self.lines.len() < self.max_lines {
            self.grow();
        }
        self.inserted += 1;
        if (self.spilled.len() + ids.len()) * size_of::<i32>() > self.max_lines * size_of::<Line>() / 8 {
            self.lines.fill(Line::default());
            self.spilled.clear();
        }
        let mut held = Ids::default();
        if ids.len() <= INLINE {
            held[..ids.len()].copy_from_slice(ids);
            held[INLINE] = ids.len() as i32;
        } else {
            held[0] = self.spilled.len() as i32;
            held[INLINE] = -(ids.len() as i32);
            self.spilled.extend_from_slice(ids);
        }
        self.put(key, held);
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
