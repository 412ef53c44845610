//! The JSON of a chat format within that of a plan.

use std::sync::Arc;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::chat::ChatFormat;

/// Writes [`ChatFormat::to_json`] as an object.
pub(crate) fn serialize<S: Serializer>(format: &ChatFormat, to: S) -> Result<S::Ok, S::Error> {
    let json = format.to_json().map_err(|e| S::Error::custom(e.message()))?;
    let value: Value = serde_json::from_str(&json).map_err(S::Error::custom)?;
    value.serialize(to)
}

/// Reads an object, and compiles the template.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<ChatFormat>, D::Error> {
    let value = Value::deserialize(from)?;
    ChatFormat::from_json(&value.to_string()).map(Arc::new).map_err(|e| D::Error::custom(e.message()))
}
