//! Finds a file format by the name that it has in plans.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::by_content::ByContent;
use super::file_format::FileFormat;
use super::formats::FORMATS;
use crate::error::{Error, Result};

/// The format with this name, with these options. [`ByContent`] is one of them.
///
/// # Errors
/// `bad_option` for the options; `internal` for an unknown name.
pub(crate) fn named_format(name: &str, options: Map<String, Value>) -> Result<Arc<dyn FileFormat>> {
    let mut all = FORMATS.into_iter().chain([&ByContent {} as &dyn FileFormat]);
    let found = all.find(|format| format.name() == name);
    found.ok_or_else(|| Error::internal(format!("there is no file format `{name}`")))?.with_options(options)
}
