//! The JSON files of a tokenizer's folder.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Class, Error, Result};
use crate::store::Files;
use crate::tokenizer::errors::unreadable;

pub(super) type Object = Map<String, Value>;

/// Reads a JSON object from a file of the folder; none where there is no such file.
pub(super) fn object(store: &Files, folder: &Path, name: &str) -> Result<Option<Object>> {
    let path = folder.join(name);
    let bytes = match store.read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(unreadable(&path, e)),
    };
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Ok(Some(object)),
        read => {
            let e =
                Error::new(Class::Tokenizer, "tokenizer_not_json", format!("{name} must be a JSON object"));
            let e = e.path(path.display());
            Err(match read {
                Err(why) => e.source(why),
                Ok(_) => e,
            })
        }
    }
}
