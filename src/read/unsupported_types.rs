//! Types in the schema of Arrow data that arrow-rs does not import, such as the integers of 128 bits of polars.

use std::path::Path;

use arrow::datatypes::Field;
use arrow::error::ArrowError;
use arrow::ipc;

use crate::error::{Class, Error};
use crate::guard::guarded;

/// A column whose type is not read, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnsupportedType {
    pub(crate) column: String,
    pub(crate) why: String,
}

impl UnsupportedType {
    /// The first such column of a schema; none if the schema fails for another reason.
    pub(crate) fn find(schema: ipc::Schema<'_>) -> Option<Self> {
        schema.fields().into_iter().flatten().find_map(|field| {
            // The crate panics on types that it does not know, and on damage.
            let why = guarded(|| Field::from(field)).err().filter(|why| why.contains("supported"))?;
            Some(UnsupportedType { column: field.name().unwrap_or_default().to_string(), why })
        })
    }

    /// The error for the file.
    #[cold]
    pub(crate) fn error(self, path: &Path) -> Error {
        let UnsupportedType { column, why } = self;
        let message = format!("the column `{column}` has a type that is not read here");
        Error::new(Class::Source, "unsupported_format", message)
            .help(
                "write the file without it, or convert it there to a type that other programs read: in polars with \
                 pl.col(…).cast(pl.Int64), or pl.String",
            )
            .column(&column)
            .path(path.display())
            .source(ArrowError::SchemaError(why))
    }
}
