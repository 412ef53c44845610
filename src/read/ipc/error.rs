//! The error for damaged Arrow IPC.

use std::fmt::Display;
use std::path::Path;

use arrow::error::ArrowError;

use crate::error::{Class, Error};

/// The error for a file that is damaged, was cut off, or is not Arrow IPC; `why` says where and how.
#[cold]
pub(super) fn corrupt(path: &Path, why: impl Display) -> Error {
    Error::new(Class::Source, "corrupt_ipc", "the file is damaged, was cut off, or is not Arrow IPC")
        .help("copy or write the file again; pyarrow.ipc.open_file and open_stream show what is left of it")
        .path(path.display())
        .source(ArrowError::IpcError(why.to_string()))
}
