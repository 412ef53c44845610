//! Errors of Arrow's functions as errors of this crate; each call says what a failure means.

use std::panic::Location;

use arrow::error::ArrowError;

use crate::error::{Class, Error, Result};

/// Converts the result of an Arrow function.
pub(crate) trait ArrowResult<T> {
    /// For columns whose types and lengths were checked before: any failure is a bug in fastprep.
    fn or_defect(self) -> Result<T>;

    /// For functions that copy values together: they fail if the values of a column no longer fit 32-bit offsets.
    ///
    /// # Errors
    /// `Data`, code `text_too_large`; any other failure is a bug in fastprep.
    fn or_too_large(self) -> Result<T>;
}

impl<T> ArrowResult<T> for Result<T, ArrowError> {
    #[track_caller]
    fn or_defect(self) -> Result<T> {
        match self {
            Ok(value) => Ok(value),
            Err(e) => Err(arrow_defect(e)),
        }
    }

    #[track_caller]
    fn or_too_large(self) -> Result<T> {
        match self {
            Ok(value) => Ok(value),
            Err(e @ ArrowError::OffsetOverflowError(_)) => {
                let message = "a column of one batch has more than 2 GiB of values";
                Err(Error::new(Class::Data, "text_too_large", message)
                    .help("shorten the longest values, or lower FASTPREP_BATCH_ROWS")
                    .source(e))
            }
            Err(e) => Err(arrow_defect(e)),
        }
    }
}

/// The error for a failure that must be a bug in fastprep; names the line of the caller.
#[cold]
#[track_caller]
pub(crate) fn arrow_defect(e: ArrowError) -> Error {
    let caller = Location::caller();
    Error::internal(format!("an Arrow operation failed in {}, line {}", caller.file(), caller.line()))
        .source(e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_method_decides_the_error() {
        let failed = |e| Err::<(), _>(e);
        let e = failed(ArrowError::CastError("no".into())).or_defect().unwrap_err();
        assert_eq!((e.class(), e.code()), (Class::Internal, "internal"));
        assert!(e.message().contains("arrow_result.rs, line "), "{e}");
        assert_eq!(failed(ArrowError::DivideByZero).or_too_large().unwrap_err().class(), Class::Internal);
        let e = failed(ArrowError::OffsetOverflowError(1 << 31)).or_too_large().unwrap_err();
        assert_eq!((e.class(), e.code()), (Class::Data, "text_too_large"));
    }
}
