//! A prompt format as the JSON that it has by itself.

use std::sync::Arc;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::format::PromptFormat;

/// An object.
pub(crate) fn serialize<S: Serializer>(format: &PromptFormat, to: S) -> Result<S::Ok, S::Error> {
    let value: Value = serde_json::from_str(&format.to_json()).map_err(S::Error::custom)?;
    value.serialize(to)
}

/// The format, whose templates are parsed.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<PromptFormat>, D::Error> {
    let value = Value::deserialize(from)?;
    PromptFormat::from_json(&value.to_string()).map(Arc::new).map_err(|e| D::Error::custom(e.message()))
}

/// Null where there is none.
pub(crate) mod optional {
    use super::{Arc, Deserialize, Deserializer, PromptFormat, Serializer, Value};
    use serde::de::Error as _;

    /// An object, or null.
    pub(crate) fn serialize<S: Serializer>(
        format: &Option<Arc<PromptFormat>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match format {
            Some(format) => super::serialize(format, to),
            None => to.serialize_none(),
        }
    }

    /// The format, or none.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Arc<PromptFormat>>, D::Error> {
        let value = Option::<Value>::deserialize(from)?;
        value.map(|value| super::deserialize(value).map_err(D::Error::custom)).transpose()
    }
}
