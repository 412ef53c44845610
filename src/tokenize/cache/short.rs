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
/// Lines of 64 bytes: 8 MiB for each worker.
const LINES: usize = 1 << 17;
/// Ids held elsewhere, at most; all is forgotten when there are more: 1 MiB.
const MAX_SPILLED: usize = 1 << 18;

/// Two pieces. A key of 0 is none.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
struct Line {
    keys: [Key; 2],
    /// Three ids and their number; or where in `spilled` the ids begin, and their number below 0.
    ids: [Ids; 2],
}

/// A cache of 9 MiB.
pub struct ShortCache {
    lines: Vec<Line>,
    spilled: Vec<i32>,
}

impl Default for ShortCache {
    fn default() -> Self {
        ShortCache { lines: vec![Line::default(); LINES], spilled: Vec::new() }
    }
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
fn home(key: Key) -> usize {
    const LOW: u64 = 0x9e37_79b9_7f4a_7c15;
    const HIGH: u64 = 0xc2b2_ae3d_27d4_eb4f;
    let product = u128::from(key as u64 ^ LOW) * u128::from((key >> 64) as u64 ^ HIGH);
    ((product >> 64) as u64 ^ product as u64) as usize & (LINES - 1)
}

/// The ids of a known piece.
pub enum Found<'a> {
    /// Of the first three, so many.
    Inline(&'a Ids, usize),
    /// All of these.
    Spilled(&'a [i32]),
}

impl ShortCache {
    /// Asks the memory for the line of a key, so that it is there when the key is looked up.
    #[inline]
    pub fn prepare(&self, key: Key) {
        prefetch(&self.lines[home(key)]);
    }

    /// The ids of a piece that is known.
    #[inline]
    pub fn get(&mut self, key: Key) -> Option<Found<'_>> {
        let line = &mut self.lines[home(key)];
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
        if self.spilled.len() + ids.len() > MAX_SPILLED {
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
        let line = &mut self.lines[home(key)];
        line.keys = [key, line.keys[0]];
        line.ids = [held, line.ids[0]];
    }
}
