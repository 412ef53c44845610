//! The keys seen so far: an open-addressing table. Bytes per kept row, measured by
//! `benches/dedup_index.rs`, are in `docs/api/dedup.md`.

use hashbrown::HashTable;

/// Where a new key goes, and which row had it first.
pub enum Index {
    /// 16 bytes an entry: says *that* a row is a duplicate.
    Keys(HashTable<[u64; 2]>),
    /// 24 bytes an entry: says of *which* row.
    Keepers(HashTable<[u64; 3]>),
    /// 40 bytes an entry and the bytes themselves: equal only where the bytes are.
    Verified { table: HashTable<[u64; 5]>, bytes: Vec<u8> },
}

impl Index {
    pub fn new(keepers: bool, verify: bool) -> Self {
        match (verify, keepers) {
            (true, _) => Index::Verified { table: HashTable::new(), bytes: Vec::new() },
            (false, true) => Index::Keepers(HashTable::new()),
            (false, false) => Index::Keys(HashTable::new()),
        }
    }

    /// None for a new key, which is then kept under `ordinal`; else the ordinal of the row that has it,
    /// as far as the index knows it.
    pub fn insert(&mut self, key: u128, ordinal: u64, whole: Option<&[u8]>) -> Option<Option<u64>> {
        let (high, low) = ((key >> 64) as u64, key as u64);
        match self {
            Index::Keys(table) => {
                let entry = table.entry(high, |e| *e == [high, low], |e| e[0]);
                match entry {
                    hashbrown::hash_table::Entry::Occupied(_) => Some(None),
                    hashbrown::hash_table::Entry::Vacant(v) => {
                        v.insert([high, low]);
                        None
                    }
                }
            }
            Index::Keepers(table) => {
                let entry = table.entry(high, |e| e[0] == high && e[1] == low, |e| e[0]);
                match entry {
                    hashbrown::hash_table::Entry::Occupied(o) => Some(Some(o.get()[2])),
                    hashbrown::hash_table::Entry::Vacant(v) => {
                        v.insert([high, low, ordinal]);
                        None
                    }
                }
            }
            Index::Verified { table, bytes } => {
                // Keys of an earlier folder come without bytes: there the hash decides alone.
                let same = |e: &[u64; 5]| {
                    let stored = &bytes[e[3] as usize..][..e[4] as usize];
                    e[0] == high && e[1] == low && (stored.is_empty() || whole.is_none_or(|w| w == stored))
                };
                if let Some(e) = table.find(high, same) {
                    return Some(Some(e[2]));
                }
                let start = bytes.len() as u64;
                let whole = whole.unwrap_or_default();
                bytes.extend_from_slice(whole);
                table.insert_unique(high, [high, low, ordinal, start, whole.len() as u64], |e| e[0]);
                None
            }
        }
    }

    /// Makes room for a batch at once, so that the table grows between batches only.
    pub fn reserve(&mut self, rows: usize) {
        match self {
            Index::Keys(table) => table.reserve(rows, |e| e[0]),
            Index::Keepers(table) => table.reserve(rows, |e| e[0]),
            Index::Verified { table, .. } => table.reserve(rows, |e| e[0]),
        }
    }
}
