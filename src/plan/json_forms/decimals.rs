//! A mapping to numbers in decimal, as texts: JSON's own numbers lose their last bit when serde_json reads them.

use serde::de::Error;
use serde::{Deserializer, Serializer};

use super::pairs;

/// An object of texts, the shortest that give the numbers again.
pub(crate) fn serialize<S: Serializer>(numbers: &[(String, f64)], to: S) -> Result<S::Ok, S::Error> {
    let texts: Vec<_> = numbers.iter().map(|(name, n)| (name.clone(), n.to_string())).collect();
    pairs::serialize(&texts, to)
}

/// The numbers.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(String, f64)>, D::Error> {
    let texts: Vec<(String, String)> = pairs::deserialize(from)?;
    let number = |(name, text): (String, String)| match text.parse() {
        Ok(number) => Ok((name, number)),
        Err(_) => Err(D::Error::custom(format!("`{name}` is no number: {text}"))),
    };
    texts.into_iter().map(number).collect()
}
