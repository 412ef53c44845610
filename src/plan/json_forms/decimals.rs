//! The JSON of a mapping to numbers: decimal numbers as texts, since serde_json may lose the last bit of JSON
//! numbers.

use serde::de::Error;
use serde::{Deserializer, Serializer};

use super::pairs;

/// Writes an object of texts, each the shortest that reads back as the number.
pub(crate) fn serialize<S: Serializer>(numbers: &[(String, f64)], to: S) -> Result<S::Ok, S::Error> {
    let texts: Vec<_> = numbers.iter().map(|(name, n)| (name.clone(), n.to_string())).collect();
    pairs::serialize(&texts, to)
}

/// Reads such an object.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(String, f64)>, D::Error> {
    let texts: Vec<(String, String)> = pairs::deserialize(from)?;
    let number = |(name, text): (String, String)| match text.parse() {
        Ok(number) => Ok((name, number)),
        Err(_) => Err(D::Error::custom(format!("`{name}` must be a number; got {text:?}"))),
    };
    texts.into_iter().map(number).collect()
}
