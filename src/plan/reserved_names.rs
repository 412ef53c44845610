//! Names that the user's columns cannot have.

use crate::error::{Class, Error, Result};
use crate::record::schema;

/// Fails for a name of fastprep's hidden columns, which are never written.
///
/// # Errors
/// `reserved_column`.
pub(crate) fn not_reserved(step: &str, name: &str) -> Result<()> {
    if !schema::is_hidden(name) {
        return Ok(());
    }
    let message = format!(
        "{step}: `{name}` cannot be the name of a column: names that begin with {} are reserved",
        schema::HIDDEN
    );
    Err(Error::new(Class::Column, "reserved_column", message).column(name).help("rename the column"))
}
