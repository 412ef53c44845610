//! Parts of a plan's JSON that serde has no form for: expressions, ordered mappings, and paths that are not UTF-8.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A polars expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Expression {
    /// The JSON that polars has for it, as text: within the plan's JSON its numbers would be rounded.
    Json(String),
    /// One that polars has no exact JSON for: the digest of what it is in memory.
    InMemory {
        /// 32 hexadecimal digits.
        digest: String,
    },
}

/// A mapping in the order in which it is written: an object.
pub mod pairs {
    use std::fmt;
    use std::marker::PhantomData;

    use serde::de::{Error, MapAccess, Visitor};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// An object.
    pub fn serialize<T: Serialize, S: Serializer>(pairs: &[(String, T)], to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(pairs.iter().map(|(name, value)| (name, value)))
    }

    /// The keys in their order, none twice.
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<(String, T)>, D::Error> {
        from.deserialize_map(Pairs(PhantomData))
    }

    struct Pairs<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
        type Value = Vec<(String, T)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs: Self::Value = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, T>()? {
                if pairs.iter().any(|(there, _)| *there == name) {
                    return Err(A::Error::custom(format!("`{name}` is there twice")));
                }
                pairs.push((name, value));
            }
            Ok(pairs)
        }
    }
}

/// A mapping to numbers in decimal, as texts: JSON's own numbers lose their last bit when serde_json reads them.
pub mod decimals {
    use serde::de::Error;
    use serde::{Deserializer, Serializer};

    use super::pairs;

    /// An object of texts, the shortest that give the numbers again.
    pub fn serialize<S: Serializer>(numbers: &[(String, f64)], to: S) -> Result<S::Ok, S::Error> {
        let texts: Vec<_> = numbers.iter().map(|(name, n)| (name.clone(), n.to_string())).collect();
        pairs::serialize(&texts, to)
    }

    /// The numbers.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(String, f64)>, D::Error> {
        let texts: Vec<(String, String)> = pairs::deserialize(from)?;
        let number = |(name, text): (String, String)| match text.parse() {
            Ok(number) => Ok((name, number)),
            Err(_) => Err(D::Error::custom(format!("`{name}` is no number: {text}"))),
        };
        texts.into_iter().map(number).collect()
    }
}

/// A path as text; one that is not UTF-8 as its bytes.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum Stored {
    /// UTF-8.
    Text(String),
    /// Anything else.
    Bytes {
        /// As the system has it.
        bytes: Vec<u8>,
    },
}

impl From<&PathBuf> for Stored {
    fn from(path: &PathBuf) -> Self {
        match path.to_str() {
            Some(text) => Stored::Text(text.into()),
            None => Stored::Bytes { bytes: path.as_os_str().as_encoded_bytes().to_vec() },
        }
    }
}

impl Stored {
    /// The path.
    ///
    /// # Errors
    /// Bytes have no meaning on this system.
    pub fn path(self) -> Result<PathBuf, &'static str> {
        match self {
            Stored::Text(text) => Ok(text.into()),
            #[cfg(unix)]
            Stored::Bytes { bytes } => {
                use std::os::unix::ffi::OsStringExt;
                Ok(std::ffi::OsString::from_vec(bytes).into())
            }
            #[cfg(not(unix))]
            Stored::Bytes { .. } => Err("a path that is not UTF-8 has no meaning on this system"),
        }
    }
}

/// Paths.
pub mod paths {
    use super::{Deserialize, Deserializer, PathBuf, Serialize, Serializer, Stored};
    use serde::de::Error;

    /// A list of texts.
    pub fn serialize<S: Serializer>(paths: &[PathBuf], to: S) -> Result<S::Ok, S::Error> {
        paths.iter().map(Stored::from).collect::<Vec<_>>().serialize(to)
    }

    /// A list of texts.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<PathBuf>, D::Error> {
        let stored = Vec::<Stored>::deserialize(from)?;
        stored.into_iter().map(|path| path.path().map_err(D::Error::custom)).collect()
    }
}

/// A prompt format as the JSON that it has by itself.
pub mod prompt_format {
    use std::sync::Arc;

    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;

    use crate::format::PromptFormat;

    /// An object.
    pub fn serialize<S: Serializer>(format: &PromptFormat, to: S) -> Result<S::Ok, S::Error> {
        let value: Value = serde_json::from_str(&format.to_json()).map_err(S::Error::custom)?;
        value.serialize(to)
    }

    /// The format, whose templates are parsed.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<PromptFormat>, D::Error> {
        let value = Value::deserialize(from)?;
        PromptFormat::from_json(&value.to_string()).map(Arc::new).map_err(|e| D::Error::custom(e.message()))
    }

    /// Null where there is none.
    pub mod optional {
        use super::{Arc, Deserialize, Deserializer, PromptFormat, Serializer, Value};
        use serde::de::Error as _;

        /// An object, or null.
        pub fn serialize<S: Serializer>(
            format: &Option<Arc<PromptFormat>>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            match format {
                Some(format) => super::serialize(format, to),
                None => to.serialize_none(),
            }
        }

        /// The format, or none.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Option<Arc<PromptFormat>>, D::Error> {
            let value = Option::<Value>::deserialize(from)?;
            value.map(|value| super::deserialize(value).map_err(D::Error::custom)).transpose()
        }
    }
}
