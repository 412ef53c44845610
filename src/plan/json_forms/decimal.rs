//! The JSON of a number that may be left out: a decimal number as text, as in [`decimals`](super::decimals).

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes the shortest text that reads back as the number, or null.
pub(crate) fn serialize<S: Serializer>(number: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
    number.map(|n| n.to_string()).serialize(to)
}

/// Reads such a text, or null.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let number =
        |text: String| text.parse().map_err(|_| D::Error::custom(format!("must be a number; got {text:?}")));
    text.map(number).transpose()
}
