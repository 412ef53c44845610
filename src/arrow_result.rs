//! What a failure of Arrow means, said at each call.

use std::panic::Location;

use arrow::error::ArrowError;

use crate::error::{Class, Error, Result};

/// Results of Arrow's functions, as errors of ours.
pub(crate) trait ArrowResult<T> {
    /// For columns whose types and lengths were checked before: any failure is a defect of ours.
    fn or_defect(self) -> Result<T>;

    /// For functions that gather values: they fail where the values of one column no longer fit 32-bit offsets.
    ///
    /// # Errors
    /// `Data`, code `text_too_large`; any other failure is a defect of ours.
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
                let what = "a column of one batch has more than 2 GiB of values";
                Err(Error::new(Class::Data, "text_too_large", what)
                    .help("cut the longest values; or lower FASTPREP_BATCH_ROWS")
                    .source(e))
            }
            Err(e) => Err(arrow_defect(e)),
        }
    }
}

/// The error for a failure that only a defect of ours explains; names the line that calls this.
#[cold]
#[track_caller]
pub(crate) fn arrow_defect(e: ArrowError) -> Error {
    let at = Location::caller();
    Error::internal(format!("arrow refused an operation in {}, line {}", at.file(), at.line())).source(e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_what_its_call_says() {
        let failed = |e| Err::<(), _>(e);
        let e = failed(ArrowError::CastError("no".into())).or_defect().unwrap_err();
        assert_eq!((e.class(), e.code()), (Class::Internal, "internal"));
        assert!(e.message().contains("arrow_result.rs, line "), "{e}");
        assert_eq!(failed(ArrowError::DivideByZero).or_too_large().unwrap_err().class(), Class::Internal);
        let e = failed(ArrowError::OffsetOverflowError(1 << 31)).or_too_large().unwrap_err();
        assert_eq!((e.class(), e.code()), (Class::Data, "text_too_large"));
    }
}
