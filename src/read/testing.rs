//! Helpers for the tests of several readers.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::InputFile;
use crate::store::Files;

/// A file of the local file system.
pub(crate) fn local(path: impl Into<PathBuf>, name: &str) -> InputFile {
    let (store, path, name) = (Files::local(), path.into(), name.to_string());
    InputFile { store, path, name, below: String::new(), split: None }
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

/// The bytes as gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::fast()).read_to_end(&mut out).unwrap();
    out
}
