//! The JSON of paths, which may not be UTF-8.

use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path as text; one that is not UTF-8 as its bytes.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum StoredPath {
    /// UTF-8.
    Text(String),
    /// Not UTF-8.
    Bytes {
        /// The path as the operating system encodes it.
        bytes: Vec<u8>,
    },
}

impl From<&PathBuf> for StoredPath {
    fn from(path: &PathBuf) -> Self {
        match path.to_str() {
            Some(text) => StoredPath::Text(text.into()),
            None => StoredPath::Bytes { bytes: path.as_os_str().as_encoded_bytes().to_vec() },
        }
    }
}

impl StoredPath {
    /// The path.
    ///
    /// # Errors
    /// The path is bytes, which this operating system does not support.
    pub(crate) fn path(self) -> Result<PathBuf, &'static str> {
        match self {
            StoredPath::Text(text) => Ok(text.into()),
            #[cfg(unix)]
            StoredPath::Bytes { bytes } => {
                use std::os::unix::ffi::OsStringExt;
                Ok(std::ffi::OsString::from_vec(bytes).into())
            }
            #[cfg(not(unix))]
            StoredPath::Bytes { .. } => {
                Err("a path that is not UTF-8 is not supported on this operating system")
            }
        }
    }
}

/// Writes a list of paths.
pub(crate) fn serialize<S: Serializer>(paths: &[PathBuf], to: S) -> Result<S::Ok, S::Error> {
    paths.iter().map(StoredPath::from).collect::<Vec<_>>().serialize(to)
}

/// Reads a list of paths.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<PathBuf>, D::Error> {
    let stored = Vec::<StoredPath>::deserialize(from)?;
    stored.into_iter().map(|path| path.path().map_err(D::Error::custom)).collect()
}
