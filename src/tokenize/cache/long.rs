//! Pieces too long to be their own key, and their ids; compared byte by byte.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

/// A longer piece is seldom seen twice.
const MAX_LONG: usize = 256;
/// Bytes of pieces and of ids, at most, each; all is forgotten when there are more.
const MAX_BYTES: usize = 1 << 20;

/// A cache of at most about 3 MiB.
#[derive(Default)]
pub struct LongCache {
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
    /// The ids of a piece that was seen.
    pub fn get(&self, piece: &[u8]) -> Option<&[i32]> {
        let found = self.table.find(xxh3_64(piece), |e| part(&self.bytes, e.bytes) == piece)?;
        Some(part(&self.ids, found.ids))
    }

    /// Remembers a piece that was not.
    pub fn insert(&mut self, piece: &[u8], ids: &[i32]) {
        if piece.len() > MAX_LONG {
            return;
        }
        if self.bytes.len() + piece.len() > MAX_BYTES || (self.ids.len() + ids.len()) * 4 > MAX_BYTES {
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
