//! The JSON of a prompt format within that of a plan.

use std::sync::Arc;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::format::PromptFormat;

/// Writes [`PromptFormat::to_json`] as an object.
pub(crate) fn serialize<S: Serializer>(format: &PromptFormat, to: S) -> Result<S::Ok, S::Error> {
    let value: Value = serde_json::from_str(&format.to_json()).map_err(S::Error::custom)?;
    value.serialize(to)
}

/// Reads an object, and parses the templates.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<PromptFormat>, D::Error> {
    let value = Value::deserialize(from)?;
    PromptFormat::from_json(&value.to_string()).map(Arc::new).map_err(|e| D::Error::custom(e.message()))
}

/// The JSON of an optional prompt format: an object, or null.
pub(crate) mod optional {
    use super::{Arc, Deserialize, Deserializer, PromptFormat, Serializer, Value};
    use serde::de::Error as _;

    pub(crate) fn serialize<S: Serializer>(
        format: &Option<Arc<PromptFormat>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match format {
            Some(format) => super::serialize(format, to),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Arc<PromptFormat>>, D::Error> {
        let value = Option::<Value>::deserialize(from)?;
        value.map(|value| super::deserialize(value).map_err(D::Error::custom)).transpose()
    }
}
