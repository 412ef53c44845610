//! Errors of the `parquet` crate, which may panic on damaged files. Such a panic becomes an error.

use std::fmt::Display;
use std::path::Path;

use parquet::errors::ParquetError;

use super::chunks::ReadError;
use crate::error::{Class, Error, Result};
use crate::guard::guarded;
use crate::read::cannot_read;

/// Runs code of the crate. Its error or panic means a damaged file, unless the store failed.
pub(super) fn guard<T, E: Display>(
    path: &Path,
    read_error: &ReadError,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T> {
    let done = guarded(work);
    if let Some(e) = read_error.take() {
        return Err(cannot_read(e, path.display()));
    }
    match done {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(e)) => Err(corrupt(path, &e.to_string())),
        Err(panic) => Err(corrupt(path, &panic)),
    }
}

#[cold]
pub(super) fn corrupt(path: &Path, why: &str) -> Error {
    Error::new(
        Class::Source,
        "corrupt_parquet",
        "the file is damaged, not Parquet, or of an unsupported kind",
    )
    .help("check whether pyarrow.parquet opens it; write it again")
    .path(path.display())
    .source(ParquetError::General(why.to_string()))
}
