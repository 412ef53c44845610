//! The cache for pieces that are too long for a [`Key`](super::Key). Pieces are compared byte by byte.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

/// Longer pieces are not cached: they seldom repeat.
const MAX_LONG: usize = 256;

/// A cache of bounded size. It is cleared when it is full.
pub(crate) struct LongCache {
    /// The limit for pieces, and for ids.
    max_bytes: usize,
    table: HashTable<Entry>,
    bytes: Vec<u8>,
    ids: Vec<i32>,
}

struct Entry {
    hash: u64,
    bytes: (u32, u32),
    ids: (u32, u32),
}

fn part<T>(all: &[T], (start, end): (u32, u32)) -> &[T] {
    &all[start as usize..end as usize]
}

impl LongCache {
    /// A cache of at most `bytes` bytes of pieces and `bytes` bytes of ids, and a table of them.
    pub(crate) fn new(bytes: usize) -> Self {
        LongCache { max_bytes: bytes, table: HashTable::new(), bytes: Vec::new(), ids: Vec::new() }
    }

    /// The ids of a piece; none where it is not in the cache.
    pub(crate) fn get(&self, piece: &[u8]) -> Option<&[i32]> {
        let entry = self.table.find(xxh3_64(piece), |e| part(&self.bytes, e.bytes) == piece)?;
        Some(part(&self.ids, entry.ids))
    }

    /// Adds a piece that is not in the cache.
    pub(crate) fn insert(&mut self, piece: &[u8], ids: &[i32]) {
        if piece.len() > MAX_LONG {
            return;
        }
        let bytes = self.bytes.len() + piece.len();
        let id_bytes = (self.ids.len() + ids.len()) * size_of::<i32>();
        if bytes.max(id_bytes) > self.max_bytes {
            self.table.clear();
            self.bytes.clear();
            self.ids.clear();
        }
        let hash = xxh3_64(piece);
        let bytes = push(&mut self.bytes, piece);
        let ids = push(&mut self.ids, ids);
        self.table.insert_unique(hash, Entry { hash, bytes, ids }, |e| e.hash);
    }
}

fn push<T: Copy>(all: &mut Vec<T>, part: &[T]) -> (u32, u32) {
    let start = all.len() as u32;
    all.extend_from_slice(part);
    (start, all.len() as u32)
}
