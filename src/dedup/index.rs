//! The keys seen so far, in hash tables. Bytes per kept row, measured by `benches/dedup_index.rs`, are in
//! `docs/api/dedup.md`.

use hashbrown::HashTable;

/// The keys seen so far, and with `keepers` the first row of each.
pub(crate) enum Index {
    /// 16 bytes per entry: knows *that* a row is a duplicate.
    Keys(Tables<2>),
    /// 24 bytes per entry: also knows of *which* row.
    Keepers(Tables<3>),
    /// 40 bytes per entry, and the bytes themselves: rows are equal only if their bytes are.
    Verified { tables: Tables<5>, bytes: Vec<u8> },
}

/// Entries that begin with the two words of their key. A full table is copied into one of twice the size; with many
/// tables, only a small part of all entries is in memory twice.
pub(crate) struct Tables<const WORDS: usize>(Vec<HashTable<[u64; WORDS]>>);

const TABLES_BITS: u32 = 6;

impl<const WORDS: usize> Tables<WORDS> {
    fn new() -> Self {
        Tables((0..1 << TABLES_BITS).map(|_| HashTable::new()).collect())
    }

    /// The entry of this key for which `same` holds.
    fn find(&self, key: [u64; 2], same: impl Fn(&[u64; WORDS]) -> bool) -> Option<&[u64; WORDS]> {
        self.0[Self::table(key)].find(key[0], |e| e[..2] == key && same(e))
    }

    fn insert(&mut self, entry: [u64; WORDS]) {
        self.0[Self::table([entry[0], entry[1]])].insert_unique(entry[0], entry, |e| e[0]);
    }

    /// The table of a key, by its second word; within the table, an entry is found by the first.
    fn table(key: [u64; 2]) -> usize {
        (key[1] >> (u64::BITS - TABLES_BITS)) as usize
    }
}

impl Index {
    pub(crate) fn new(keepers: bool, verify: bool) -> Self {
        match (verify, keepers) {
            (true, _) => Index::Verified { tables: Tables::new(), bytes: Vec::new() },
            (false, true) => Index::Keepers(Tables::new()),
            (false, false) => Index::Keys(Tables::new()),
        }
    }

    /// None for an unknown key, else the number of the key if the index has numbers.
    pub(crate) fn find(&self, key: u128, whole: Option<&[u8]>) -> Option<Option<u64>> {
        let key = words(key);
        match self {
            Index::Keys(tables) => tables.find(key, |_| true).map(|_| None),
            Index::Keepers(tables) => tables.find(key, |_| true).map(|e| Some(e[2])),
            Index::Verified { tables, bytes } => {
                let same = |e: &[u64; 5]| whole == Some(&bytes[e[3] as usize..][..e[4] as usize]);
                tables.find(key, same).map(|e| Some(e[2]))
            }
        }
    }

    /// As [`Index::find`], but adds an unknown key with `number`.
    pub(crate) fn insert(&mut self, key: u128, number: u64, whole: Option<&[u8]>) -> Option<Option<u64>> {
        let found = self.find(key, whole);
        if found.is_some() {
            return found;
        }
        let key @ [high, low] = words(key);
        match self {
            Index::Keys(tables) => tables.insert(key),
            Index::Keepers(tables) => tables.insert([high, low, number]),
            Index::Verified { tables, bytes } => {
                let (start, whole) = (bytes.len() as u64, whole.unwrap_or_default());
                bytes.extend_from_slice(whole);
                tables.insert([high, low, number, start, whole.len() as u64]);
            }
        }
        None
    }
}

fn words(key: u128) -> [u64; 2] {
    [(key >> 64) as u64, key as u64]
}
