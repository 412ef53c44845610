//! Pieces of up to 15 bytes, each its own key: its bytes and its length in a number of 128 bits. Up to 3 ids are held beside the key.

use super::prefetch::prefetch;

/// What a piece is known by.
pub type Key = u128;

/// The longest piece that has a key.
const MAX_KEY: usize = 15;
/// Ids beside a key; one more number tells how many.
const INLINE: usize = 3;
/// Ids and their number.
pub type Ids = [i32; INLINE + 1];
/// Lines of 64 bytes that a cache begins with: 1 MiB.
const FIRST_LINES: usize = 1 << 14;

/// Two pieces. A key of 0 is none.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
struct Line {
    keys: [Key; 2],
    /// Three ids and their number; or where in `spilled` the ids begin, and their number below 0.
    ids: [Ids; 2],
}

/// A cache that grows with what it holds.
pub struct ShortCache {
    /// A power of two.
    lines: Vec<Line>,
    max_lines: usize,
    /// Pieces that were put in since it grew.
    inserted: usize,
    spilled: Vec<i32>,
}

/// The key of the bytes from `start` to `end`; none for more than [`MAX_KEY`].
#[inline]
pub fn key(text: &[u8], start: usize, end: usize) -> Option<Key> {
    let len = end - start;
    if len > MAX_KEY {
        return None;
    }
    let bytes = match text.get(start..start + 16).and_then(|b| <[u8; 16]>::try_from(b).ok()) {
        Some(bytes) => bytes,
        None => {
            let mut bytes = [0; 16];
            bytes[..len].copy_from_slice(&text[start..end]);
            bytes
        }
    };
    let (mask, length) = MASKS[len];
    Some(u128::from_le_bytes(bytes) & mask | length)
}

/// By length: the bits that count, and the length where it stands in a key.
static MASKS: [(u128, u128); MAX_KEY + 1] = {
    let mut masks = [(0, 0); MAX_KEY + 1];
    let mut len = 1;
    while len <= MAX_KEY {
        masks[len] = (u128::MAX >> (8 * (16 - len)), (len as u128) << 120);
        len += 1;
    }
    masks
};

#[inline]
fn hash(key: Key) -> usize {
    const LOW: u64 = 0x9e37_79b9_7f4a_7c15;
    const HIGH: u64 = 0xc2b2_ae3d_27d4_eb4f;
    let product = u128::from(key as u64 ^ LOW) * u128::from((key >> 64) as u64 ^ HIGH);
    ((product >> 64) as u64 ^ product as u64) as usize
}

/// The ids of a known piece.
pub enum Found<'a> {
    /// Of the first three, so many.
    Inline(&'a Ids, usize),
    /// All of these.
    Spilled(&'a [i32]),
}

impl ShortCache {
    /// A cache of at most `bytes`, a power of two, and an eighth more for pieces of many ids.
    pub fn new(bytes: usize) -> Self {
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
    pub fn prepare(&self, key: Key) {
        prefetch(&self.lines[self.home(key)]);
    }

    /// The ids of a piece that is known.
    #[inline]
    pub fn get(&mut self, key: Key) -> Option<Found<'_>> {
        let home = self.home(key);
        let line = &mut self.lines[home];
        if line.keys[0] != key {
            if line.keys[1] != key {
                return None;
            }
            // The one that is used stays.
            line.keys.swap(0, 1);
            line.ids.swap(0, 1);
        }
        let ids = &line.ids[0];
        let n = ids[INLINE];
        if n >= 0 {
            return Some(Found::Inline(ids, n as usize));
        }
        let start = ids[0] as usize;
        Some(Found::Spilled(&self.spilled[start..start + n.unsigned_abs() as usize]))
    }

    /// Remembers a piece that is not known; of the two in its line the one that was not used last goes.
    pub fn insert(&mut self, key: Key, ids: &[i32]) {
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
        line.keys = [key, line.keys[0]];
        line.ids = [ids, line.ids[0]];
    }

    #[cold]
    fn grow(&mut self) {
        let twice = vec![Line::default(); self.lines.len() * 2];
        for line in std::mem::replace(&mut self.lines, twice) {
            for i in [1, 0] {
                if line.keys[i] != 0 {
                    self.put(line.keys[i], line.ids[i]);
                }
            }
        }
        self.inserted = 0;
    }
}
