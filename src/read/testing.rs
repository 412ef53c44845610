//! Helpers for the tests of several readers.

use std::io::Read;
use std::path::PathBuf;

use super::InputFile;
use crate::store::Files;

/// A file of the local file system.
pub(crate) fn local(path: impl Into<PathBuf>, name: &str) -> InputFile {
    let (store, path, name) = (Files::local(), path.into(), name.to_string());
    InputFile { store, path, name, below: String::new(), split: None }
}

/// The bytes as gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::fast()).read_to_end(&mut out).unwrap();
    out
}
