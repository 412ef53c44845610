//! Helpers for the unit tests of several modules.

use std::io::Read;
use std::path::{Path, PathBuf};

/// A pseudorandom number generator (SplitMix64), with the same numbers in each run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    /// A text of `least..=most` characters of this alphabet.
    pub fn text(&mut self, alphabet: &str, least: usize, most: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        let n = least + self.below(most - least + 1);
        (0..n).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }
}

/// A file of the shared test data; prints that the test is skipped and returns `None` if it does not exist.
pub(crate) fn shared_data(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found =
        ["..", "../.."].iter().map(|up| root.join(up).join("shared/data").join(name)).find(|p| p.exists());
    if found.is_none() {
        println!("skipped: there is no shared/data/{name}");
    }
    found
}

/// The files of a `.tar.gz` by name.
pub(crate) fn untar(archive: &Path) -> Vec<(String, Vec<u8>)> {
    let mut tar = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(archive).unwrap()).read_to_end(&mut tar).unwrap();
    let text = |bytes: &[u8]| {
        let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    };
    let mut files = Vec::new();
    let mut offset = 0;
    while offset + 512 <= tar.len() && tar[offset] != 0 {
        let header = &tar[offset..offset + 512];
        let size = usize::from_str_radix(text(&header[124..136]).trim(), 8).unwrap();
        if matches!(header[156], b'0' | 0) {
            files.push((text(&header[..100]), tar[offset + 512..offset + 512 + size].to_vec()));
        }
        offset += 512 + size.div_ceil(512) * 512;
    }
    files
}
