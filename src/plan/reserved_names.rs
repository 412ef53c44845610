//! Names that no column of the data can have.

use crate::error::{Class, Error, Result};
use crate::record::schema;

/// Fails for a name of our own columns: what has one travels with the rows and is never written.
pub(crate) fn not_reserved(step: &str, name: &str) -> Result<()> {
    if !schema::is_hidden(name) {
        return Ok(());
    }
    let message =
        format!("{step}: no column can be called `{name}`: names in {}… are fastprep's own", schema::HIDDEN);
    Err(Error::new(Class::Column, "reserved_column", message).column(name).help("give it another name"))
}
