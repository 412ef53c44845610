//! The errors of loading a tokenizer.

use std::path::Path;

use crate::error::{Class, Error};

/// The error for a tokenizer that `tokenizers` cannot load.
pub(crate) fn broken(e: &dyn std::fmt::Display) -> Error {
    Error::new(
        Class::Tokenizer,
        "tokenizer_broken",
        format!("tokenizers 0.23 cannot load this tokenizer: {e}"),
    )
    .help("load the tokenizer with the Python package tokenizers, and save it again")
}

/// The error for a file that is not JSON.
pub(crate) fn not_json(why: &serde_json::Error) -> Error {
    Error::new(Class::Tokenizer, "tokenizer_not_json", format!("the tokenizer is not JSON: {why}"))
        .help("give a tokenizer.json, not a tokenizer.model or a vocabulary file")
}

/// The error for a file or folder that cannot be read.
pub(crate) fn unreadable(path: &Path, e: std::io::Error) -> Error {
    Error::new(Class::Tokenizer, "tokenizer_unreadable", "the tokenizer cannot be read")
        .path(path.display())
        .source(e)
}
