//! A cache of pieces of text and their ids. Each worker has its own, of bounded size.

mod long;
mod prefetch;
mod short;

use long::LongCache;
pub(crate) use short::{Ids, Key, Keys, key};

/// The maximum size of the cache for short pieces with their ids, in bytes.
const BYTES: usize = 32 << 20;

/// A cache that grows up to about 56 MiB. Whole pieces are compared, not only their hashes.
pub(crate) struct PieceCache {
    short: short::ShortCache,
    long: LongCache,
}

impl Default for PieceCache {
    fn default() -> Self {
        PieceCache::with_size(BYTES)
    }
}

impl PieceCache {
    /// A cache of a quarter of that size, for texts that repeat more often.
    pub(crate) fn small() -> Self {
        PieceCache::with_size(BYTES / 4)
    }

    fn with_size(bytes: usize) -> Self {
        PieceCache { short: short::ShortCache::new(bytes), long: LongCache::new(bytes / 8) }
    }

    /// Prefetches the memory in which this key is looked up.
    #[inline]
    pub(crate) fn prepare(&self, key: Key) {
        self.short.prepare(key);
    }

    /// See [`ShortCache::prepare_all`](short::ShortCache::prepare_all).
    #[inline]
    pub(crate) fn prepare_all(&self, text: &[u8], start: usize, ends: &[usize], all: &mut Keys) {
        self.short.prepare_all(text, start, ends, all);
    }

    /// See [`ShortCache::copy_known`](short::ShortCache::copy_known).
    #[inline]
    pub(crate) fn copy_known(
        &mut self,
        all: &Keys,
        first: usize,
        count: usize,
        out: &mut [i32],
        n: usize,
    ) -> (usize, usize) {
        self.short.copy_known(all, first, count, out, n)
    }

    /// The ids of a piece; none where it is not in the cache.
    #[inline]
    pub(crate) fn get(&mut self, key: Option<Key>, piece: &[u8]) -> Option<&[i32]> {
        match key {
            Some(key) => self.short.get(key),
            None => self.long.get(piece),
        }
    }

    /// Adds a piece that is not in the cache.
    pub(crate) fn insert(&mut self, key: Option<Key>, piece: &[u8], ids: &[i32]) {
        match key {
            Some(key) => self.short.insert(key, ids),
            None => self.long.insert(piece, ids),
        }
    }

    /// Appends the ids of a piece. Returns whether it is in the cache.
    #[inline]
    pub(crate) fn append(&mut self, key: Option<Key>, piece: &[u8], out: &mut Vec<i32>) -> bool {
        let ids = self.get(key, piece);
        out.extend_from_slice(ids.unwrap_or_default());
        ids.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A piece of 2 to 42 bytes and up to 6 ids, which follow from its number.
    fn piece(n: u32) -> (Vec<u8>, Vec<i32>) {
        let text = format!("{n};").repeat(1 + n as usize % 6);
        (text.into_bytes(), (0..n as i32 % 7).map(|i| i + n as i32).collect())
    }

    #[test]
    fn cached_ids_stay_right_after_growing_and_clearing() {
        let mut cache = PieceCache::with_size(4 << 20);
        let (pieces, mut out) = (200_000, Vec::new());
        for n in 0..pieces {
            let (bytes, ids) = piece(n);
            let key = key(&bytes, 0, bytes.len());
            assert!(!cache.append(key, &bytes, &mut out), "{n} before it was inserted");
            cache.insert(key, &bytes, &ids);
            assert!(cache.append(key, &bytes, &mut out), "{n}");
            assert_eq!(std::mem::take(&mut out), ids);
        }
        let mut known = 0;
        for n in 0..pieces {
            let (bytes, ids) = piece(n);
            if cache.append(key(&bytes, 0, bytes.len()), &bytes, &mut out) {
                assert_eq!(std::mem::take(&mut out), ids, "{n}");
                known += 1;
            }
        }
        assert!(known > 10_000, "{known}");
    }

    #[test]
    fn a_cache_with_room_keeps_most_pieces() {
        let mut cache = PieceCache::default();
        for n in 0..100_000 {
            let (bytes, ids) = piece(n);
            cache.insert(key(&bytes, 0, bytes.len()), &bytes, &ids);
        }
        let mut is_known = |n: &u32| {
            let (bytes, _) = piece(*n);
            cache.append(key(&bytes, 0, bytes.len()), &bytes, &mut Vec::new())
        };
        assert!((0..100_000).filter(&mut is_known).count() > 95_000);
    }
}
