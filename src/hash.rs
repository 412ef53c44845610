//! The hash functions of the crate: XXH3, pinned, so that keys, splits and digests never change between versions.
//!
//! The probability that any two of `n` distinct rows share a 128-bit key is about n² / 2¹²⁹ (birthday
//! bound): 1.5e-21 for a billion rows.

use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed, xxh3_128, xxh3_128_with_seed};

/// The digest of a null field. Another field has it only by chance.
const NULL: u128 = 0x6e75_6c6c_6e75_6c6c_6e75_6c6c_6e75_6c6c;

/// The 128-bit digest of one field.
pub fn field(bytes: Option<&[u8]>) -> u128 {
    bytes.map_or(NULL, xxh3_128)
}

/// The key of a row from the digests of its fields. Where fields end matters: `("ab", "c")` is not `("a", "bc")`.
pub(crate) fn key(fields: impl IntoIterator<Item = u128>) -> u128 {
    let mut state = Xxh3::with_seed(0x6661_7374_7072_6570);
    for digest in fields {
        state.update(&digest.to_le_bytes());
    }
    state.digest128()
}

/// Maps a key to a number in [0, 1) by this seed; it decides the split of a row.
pub(crate) fn unit(key: u128, seed: u64) -> f64 {
    let hash = xxh3_64_with_seed(&key.to_le_bytes(), seed);
    // A float holds 53 bits exactly.
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

/// The seed that ranks the rows of one file in a shuffle: from the number of its source in the plan, its name, the
/// number of files of the same source and name before it (`nth`), and the seed of the shuffle.
pub(crate) fn file_seed(source: u32, name: &str, nth: u32, seed: u64) -> u64 {
    let mut state = Xxh3::with_seed(seed);
    state.update(&source.to_le_bytes());
    state.update(&nth.to_le_bytes());
    state.update(name.as_bytes());
    state.digest()
}

/// The rank of a row number by a seed. In a shuffle that is the [`file_seed`] of the row's file.
pub(crate) fn shuffle_rank(row: u64, seed: u64) -> u64 {
    xxh3_64_with_seed(&row.to_le_bytes(), seed)
}

/// The number of the `nth` copy, from 1, of a row whose own number is `copy`: 0, or that of a copy too.
pub(crate) fn copy_number(copy: u64, nth: u64) -> u64 {
    xxh3_64_with_seed(&nth.to_le_bytes(), copy)
}

/// The hash of a text by a seed: XXH3 with 64 bits of its UTF-8 bytes.
pub(crate) fn text(text: &str, seed: u64) -> u64 {
    xxh3_64_with_seed(text.as_bytes(), seed)
}

/// The digest of some content, as 32 hexadecimal digits.
pub(crate) fn digest_hex(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128_with_seed(bytes, 0))
}

/// The checksum of a stream of bytes: XXH3, 64 bits, as 16 hexadecimal digits.
#[derive(Clone, Default)]
pub(crate) struct Checksum(Xxh3);

impl Checksum {
    /// Adds the next bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of all bytes so far.
    pub(crate) fn hex(&self) -> String {
        format!("{:016x}", self.0.digest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_ends_and_nulls_matter() {
        let key_of = |fields: &[Option<&str>]| key(fields.iter().map(|f| field(f.map(str::as_bytes))));
        assert_ne!(key_of(&[Some("ab"), Some("c")]), key_of(&[Some("a"), Some("bc")]));
        assert_ne!(key_of(&[Some("")]), key_of(&[None]));
        assert_eq!(key_of(&[Some("x"), None]), key_of(&[Some("x"), None]));
    }

    /// These values are in published folders (`keys.arrow`), decide splits, or are written to columns: they must never
    /// change.
    #[test]
    fn values_are_pinned() {
        let k = key([field(Some(b"prompt")), field(None)]);
        assert_eq!(format!("{k:032x}"), PINNED_KEY);
        assert_eq!(format!("{:.12}", unit(k, 7)), PINNED_UNIT);
        assert_eq!(shuffle_rank(3, 7), PINNED_RANK);
        assert_eq!(copy_number(0, 1), PINNED_COPY);
        assert_eq!(file_seed(0, "a.jsonl", 0, 7), PINNED_FILE_SEED);
        assert_eq!([text("", 0), text("prompt", 0), text("prompt", 7)], PINNED_TEXTS);
        let others = [file_seed(1, "a.jsonl", 0, 7), file_seed(0, "a.jsonl", 1, 7), file_seed(0, "b", 0, 7)];
        assert!(!others.contains(&PINNED_FILE_SEED));
    }
    const PINNED_KEY: &str = "8c721093a116ff68e1d5e74eb1e43b39";
    const PINNED_UNIT: &str = "0.998449429284";
    const PINNED_FILE_SEED: u64 = 3_158_577_234_082_983_924;
    const PINNED_TEXTS: [u64; 3] =
        [3_244_421_341_483_603_138, 17_232_826_208_693_816_601, 381_963_309_665_844_481];
    const PINNED_COPY: u64 = 3_439_722_301_264_460_078;
    const PINNED_RANK: u64 = 2_160_101_305_981_439_088;
}
